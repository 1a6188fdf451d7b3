-- One more retry or not. KEYS[1]: a hash of counts by time slice, q… of requests and r… of retries.
local ask = cjson.decode(ARGV[1])
local slice = ask.window / 10
local slot = math.floor(now / slice)

local function count(kind, at, n)
  redis.call('HINCRBY', KEYS[1], string.format('%s%.0f', kind, at), n)
end

for _, request in ipairs(ask.requests) do
  count('q', math.floor((now - request[1]) / slice), request[2])
end

local requests, retries = 0, 1
local counts = redis.call('HGETALL', KEYS[1])
for i = 1, #counts, 2 do
  local at = tonumber(string.sub(counts[i], 2))
  if at < slot - 10 or at > slot + 11 then -- past, or left from before the server's clock was set back
    redis.call('HDEL', KEYS[1], counts[i])
  elseif string.sub(counts[i], 1, 1) == 'r' then
    retries = retries + counts[i + 1]
  elseif at > slot - 10 and at <= slot then
    requests = requests + counts[i + 1]
  end
end

local granted = retries <= math.max(ask.floor, ask.ratio * requests)
if granted then
  count('r', math.floor((now + ask.wait) / slice), 1)
end
redis.call('PEXPIRE', KEYS[1], math.ceil(math.min(3 * ask.window, 1e9) * 1000))
return granted and 1 or 0
