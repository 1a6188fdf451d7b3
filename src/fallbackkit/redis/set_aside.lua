-- Money for one call, or -1. KEYS[1]: a hash of billionths. ARGV: limit, estimate, seconds to keep it.
local limit, estimate = tonumber(ARGV[1]), tonumber(ARGV[2])
local spent, held, dearest = unpack(redis.call('HMGET', KEYS[1], 'spent', 'held', 'dearest'))
local part = math.min(limit, math.max(estimate, tonumber(dearest or 0)))
if tonumber(spent or 0) + tonumber(held or 0) + part > limit then
  return -1
end
redis.call('HINCRBY', KEYS[1], 'held', string.format('%.0f', part))
redis.call('PEXPIRE', KEYS[1], math.ceil(math.min(ARGV[3], 1e9) * 1000))
return part
