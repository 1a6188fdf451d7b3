-- What a call has cost in place of what was set aside. KEYS[1]: a hash of billionths. ARGV: held, cost.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return
end
local held = tonumber(redis.call('HGET', KEYS[1], 'held') or 0)
local dearest = tonumber(redis.call('HGET', KEYS[1], 'dearest') or 0)
redis.call('HSET', KEYS[1], 'held', string.format('%.0f', math.max(0, held - ARGV[1])))
redis.call('HINCRBY', KEYS[1], 'spent', ARGV[2])
redis.call('HSET', KEYS[1], 'dearest', string.format('%.0f', math.max(dearest, tonumber(ARGV[2]))))
