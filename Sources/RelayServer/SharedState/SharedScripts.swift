/// What the Redis server does in one step for the relays that share its state. Times are the server's own.
///
/// A relay writes what it has itself, whole: what all have is the sum. What a relay has of a tenant carries a number that only
/// grows, so that a command that was held up somewhere does not undo a later one, and a time at which it is void, so that a
/// relay that is gone holds nothing for ever.
///
/// A server that was started anew may have forgotten what relays hold. For as long as a place is kept, it gives none out:
/// whoever was cut off from its predecessor has said by then what it holds, or has ended it.
enum SharedScripts {
    /// Whether this is the server that was known before. `run` names one start of a server; `since` is when that was first
    /// seen, in milliseconds of Unix time.
    private static let epoch = """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local function since(key, run)
          local known = redis.call('HMGET', key, 'run', 'since')
          if known[1] == run then return tonumber(known[2]) end
          redis.call('HSET', key, 'run', run, 'since', now)
          return now
        end

        """

    /// A relay has met the server: what it knows by now of tokens and places, it knows from here on.
    ///
    /// KEYS: epoch. ARGV: run.
    static let meet = epoch + "return since(KEYS[1], ARGV[1])"

    /// Says what a relay has of a tenant, and asks for more.
    ///
    /// KEYS: epoch, places, begun, audio.
    /// ARGV: run; relay; number; lease in ms; bound of sessions or -1; sessions held; bound of new sessions or -1; bound of
    /// audio in µs or -1; day of the audio; audio spent in µs; audio wanted in µs; the newcomers' names.
    ///
    /// Answers: places given; the limit that kept others from one, or an empty text; when to come back, in ms; the day; this
    /// relay's audio in µs; all others' audio in µs. Or nothing, where a later command has come before this one.
    static let share =
        epoch + """
            local run, relay, number, lease = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
            local begin = since(KEYS[1], run)
            local given, limit, wait = #ARGV - 11, '', 0
            local function bound(places, name, milliseconds)
              if places < given then given, limit, wait = math.max(0, places), name, milliseconds end
            end

            local own = redis.call('HGET', KEYS[2], relay)
            if own and tonumber(string.match(own, '(%d+)$')) > number then return false end
            local sessions, held = tonumber(ARGV[5]), tonumber(ARGV[6])
            if sessions >= 0 then
              local others = 0
              local places = redis.call('HGETALL', KEYS[2])
              for i = 1, #places, 2 do
                if places[i] ~= relay then
                  local count, ends = string.match(places[i + 1], '^(%d+):(%d+)')
                  if tonumber(ends) > now then others = others + tonumber(count)
                  else redis.call('HDEL', KEYS[2], places[i]) end
                end
              end
              bound(sessions - others - held, 'sessions', 5000)
              if now < begin + lease then bound(0, 'shared-state', begin + lease - now) end
            end

            local day = math.floor(time[1] / 86400)
            local spent, wanted, audio, rest = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[8]), 0
            if tonumber(ARGV[9]) ~= day then spent, wanted = 0, wanted - spent end
            local mine = spent
            if audio >= 0 then
              if redis.call('HGET', KEYS[4], 'day') ~= tostring(day) then
                redis.call('DEL', KEYS[4])
                redis.call('HSET', KEYS[4], 'day', day)
              end
              local uses = redis.call('HGETALL', KEYS[4])
              for i = 1, #uses, 2 do
                if uses[i] ~= 'day' and uses[i] ~= relay then rest = rest + tonumber(uses[i + 1]) end
              end
              -- Half of what is left at most, so that the others find something, but no crumbs.
              local left = audio - rest - spent
              mine = spent + math.max(0, math.min(wanted - spent, math.max(math.floor(left / 2), math.min(left, 250000))))
              redis.call('HSET', KEYS[4], relay, string.format('%.0f', mine))
              redis.call('PEXPIRE', KEYS[4], 172800000)
              if left <= 0 then bound(0, 'audio-hours-per-day', (day + 1) * 86400000 - now) end
            end

            local rate = tonumber(ARGV[7])
            if rate >= 0 and given > 0 then
              redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - 60000)
              local begun = redis.call('ZCARD', KEYS[3])
              if rate - begun < given then
                local place = math.max(0, begun - rate)
                local next = redis.call('ZRANGE', KEYS[3], place, place, 'WITHSCORES')
                bound(rate - begun, 'new-sessions-per-minute', next[2] and next[2] + 60001 - now or 60000)
              end
              for i = 1, given do redis.call('ZADD', KEYS[3], now, ARGV[11 + i]) end
              redis.call('PEXPIRE', KEYS[3], 61000)
            end

            redis.call('HSET', KEYS[2], relay, string.format('%.0f:%.0f:%.0f', held + given, now + lease, number))
            redis.call('PEXPIRE', KEYS[2], 86400000)
            return {given, limit, math.ceil(wait), day, mine, rest}
            """

    /// Whether a token still opens a session: 0: it does; 1: it has opened one; 2: nobody remembers whether it has.
    ///
    /// KEYS: epoch, token. ARGV: run; when the token was minted, in milliseconds of Unix time.
    static let objection =
        epoch + """
            local begin = since(KEYS[1], ARGV[1])
            if redis.call('GET', KEYS[2]) == 'spent' then return 1 end
            return tonumber(ARGV[2]) < begin and 2 or 0
            """

    /// A session tries to begin with a token: 1: it has it, in place of any other; 0: the token is spent.
    ///
    /// KEYS: token. ARGV: the session; for how long to remember it, in ms.
    static let attempt = """
        if redis.call('GET', KEYS[1]) == 'spent' then return 0 end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return 1
        """

    /// The provider's session has begun: 1: the token was this session's, and is spent; 0: it is another's.
    ///
    /// KEYS: token. ARGV: the session; for how long to remember it, in ms.
    static let spend = """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], 'spent', 'PX', ARGV[2])
        return 1
        """

    /// A session that had the token did not begin with it.
    ///
    /// KEYS: token. ARGV: the session.
    static let giveUp = """
        if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
        return 1
        """
}
