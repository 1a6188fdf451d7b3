-- What is spent, and what is set aside. KEYS[1]: a hash of billionths.
local spent, held = unpack(redis.call('HMGET', KEYS[1], 'spent', 'held'))
return { tonumber(spent or 0), tonumber(held or 0) }
