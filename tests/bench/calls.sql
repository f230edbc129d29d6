-- The core columns of calls, as somebody would write them down for DuckDB alone, and in one go.
-- {place} is an archive's folder.
WITH RECURSIVE
often AS (
    SELECT time_us AS t, event, uniqueid, linkedid, channel, channelstatedesc AS state,
           nullif(nullif(calleridnum, ''), '<unknown>') AS number, exten,
           cause::INT AS cause, destuniqueid, destlinkedid, dialstatus, bridgeuniqueid AS bridge
    FROM read_parquet('{place}/*/*/*.parquet')
    WHERE event IN ('Newchannel', 'Newstate', 'Hangup', 'DialBegin', 'DialEnd', 'BridgeEnter',
                    'BridgeLeave', 'HangupRequest')
),
rarely AS MATERIALIZED (
    SELECT time_us AS t, event, uniqueid, queue, extra['conference'] AS conference,
           extra['origtransfererlinkedid'] AS one, extra['secondtransfererlinkedid'] AS other,
           linkedid AS picker, extra['targetlinkedid'] AS picked,
           extra['parkeelinkedid'] AS parked, extra['retrieverlinkedid'] AS fetcher,
           value AS recording
    FROM read_parquet('{place}/*/*/*.parquet')
    WHERE event IN ('QueueCallerJoin', 'QueueCallerLeave', 'QueueCallerAbandon', 'ConfbridgeJoin',
                    'AttendedTransfer', 'Pickup', 'UnParkedCall', 'Cdr', 'Newexten', 'VarSet')
      AND CASE event WHEN 'Cdr' THEN extra['lastapplication'] = 'VoiceMail'
                     WHEN 'Newexten' THEN application = 'VoiceMail'
                     WHEN 'VarSet' THEN variable = 'MIXMONITOR_FILENAME'
                     ELSE true END
),
-- Which linkedids are one call: by channels that had two, and by what joins two calls.
seen AS MATERIALIZED (
    SELECT uniqueid, min(linkedid) AS linkedid, max(linkedid) AS last
    FROM (
        SELECT uniqueid, linkedid FROM often
        UNION ALL
        SELECT destuniqueid, destlinkedid FROM often WHERE event IN ('DialBegin', 'DialEnd')
    ) WHERE linkedid IS NOT NULL GROUP BY uniqueid
),
edges AS MATERIALIZED (
    SELECT linkedid AS one, last AS other FROM seen WHERE linkedid <> last
    UNION
    SELECT uniqueid, linkedid FROM seen
    WHERE uniqueid <> linkedid
      AND uniqueid IN (SELECT linkedid FROM seen UNION SELECT last FROM seen)
    UNION
    SELECT unnest([one, picker, parked]), unnest([other, picked, fetcher]) FROM rarely
    WHERE event IN ('AttendedTransfer', 'Pickup', 'UnParkedCall')
),
both_ways AS (
    SELECT one, other FROM edges WHERE one IS NOT NULL AND other IS NOT NULL
    UNION SELECT other, one FROM edges WHERE one IS NOT NULL AND other IS NOT NULL
),
reached AS (
    SELECT one, one AS other FROM both_ways
    UNION
    SELECT reached.one, both_ways.other FROM reached JOIN both_ways ON reached.other = both_ways.one
),
calls_of AS MATERIALIZED (SELECT one AS linkedid, min(other) AS call FROM reached GROUP BY one),
channels AS MATERIALIZED (
    SELECT uniqueid,
           min(t) FILTER (event = 'Newchannel') AS start,
           max(t) FILTER (event = 'Hangup') AS "end",
           max(cause) FILTER (event = 'Hangup') AS cause,
           min(t) FILTER (event = 'Newstate' AND state = 'Up') AS up,
           min(t) FILTER (event = 'Newstate' AND state = 'Ringing') AS ringing,
           min(t) FILTER (event = 'BridgeEnter') AS entered,
           max(t) FILTER (event = 'BridgeLeave') AS left_at,
           min(bridge) FILTER (event = 'BridgeEnter') AS bridge,
           min(number) FILTER (event = 'BridgeEnter') AS number_bridged
    FROM often WHERE event NOT IN ('DialBegin', 'DialEnd') GROUP BY uniqueid
),
begun AS MATERIALIZED (
    SELECT uniqueid, linkedid, channel, number, exten FROM often WHERE event = 'Newchannel'
),
dials AS MATERIALIZED (
    SELECT destuniqueid AS uniqueid,
           min(t) FILTER (event = 'DialBegin') AS begun,
           max(t) FILTER (event = 'DialEnd') AS rung_until,
           max(dialstatus) AS status
    FROM often WHERE event IN ('DialBegin', 'DialEnd') GROUP BY destuniqueid
),
rare AS MATERIALIZED (
    SELECT uniqueid, max(queue) AS queue,
           sum(t) FILTER (event = 'QueueCallerLeave')
               - sum(t) FILTER (event = 'QueueCallerJoin') AS waited,
           max(t) FILTER (event = 'QueueCallerAbandon') AS abandoned,
           max(conference) AS conference,
           max(recording) FILTER (event = 'VarSet') AS recording,
           bool_or(event IN ('Cdr', 'Newexten')) AS mailbox
    FROM rarely GROUP BY uniqueid
),
legs AS MATERIALIZED (
    SELECT coalesce(call, linkedid) AS call, uniqueid, channels.* EXCLUDE (uniqueid), exten,
           dials.* EXCLUDE (uniqueid), rare.* EXCLUDE (uniqueid),
           channel LIKE 'Local/%' AS local, coalesce(number_bridged, number) AS number,
           regexp_replace(regexp_replace(channel, '-[^-]*$', ''), '^[^/]*/', '') AS peer
    FROM begun JOIN channels USING (uniqueid)
    LEFT JOIN calls_of USING (linkedid)
    LEFT JOIN dials USING (uniqueid)
    LEFT JOIN rare USING (uniqueid)
    WHERE NOT regexp_matches(channel, '^(CBAnn|CBRec|Announcer|Recorder|Message|Surrogate|Bridge)/')
),
-- People are connected from when the second of two is in a bridge until one of them leaves it.
talks AS MATERIALIZED (
    SELECT call, min(answered) AS answered, max(gone) - min(answered) AS talk,
           arg_min(answerer, answered) AS answerer
    FROM (
        SELECT call, bridge, max(entered) AS answered, min(left_at) AS gone,
               arg_max(coalesce(number, peer), coalesce(begun, 0)) AS answerer
        FROM legs WHERE bridge IS NOT NULL AND NOT local
        GROUP BY call, bridge HAVING count(*) > 1
    ) GROUP BY call
)
SELECT call,
       min(start) AS start,
       any_value(answered) AS answered,
       max("end") AS "end",
       max(rung_until - begun) / 1e6 AS ring,
       sum(waited) / 1e6 AS wait,
       any_value(talk) / 1e6 AS talk,
       (arg_min("end", start) - arg_min(up, start)) / 1e6 AS billsec,
       (min(ringing) FILTER (NOT local AND begun IS NOT NULL) - min(begun)) / 1e6 AS pdd,
       arg_min(coalesce(number, peer), start) AS caller,
       arg_min(exten, start) AS dialled,
       any_value(answerer) AS answered_by,
       CASE WHEN any_value(answered) IS NOT NULL THEN 'ANSWERED'
            WHEN bool_or(mailbox) THEN 'VOICEMAIL'
            WHEN max(abandoned) IS NOT NULL THEN 'ABANDONED'
            WHEN bool_or(status = 'CANCEL') THEN 'CANCELLED'
            WHEN bool_or(cause = 21) THEN 'REJECTED'
            WHEN bool_or(status = 'BUSY' OR cause = 17) THEN 'BUSY'
            WHEN bool_or(status = 'NOANSWER') OR max(queue) IS NOT NULL THEN 'NO ANSWER'
            WHEN arg_min(up, start) IS NOT NULL THEN 'IVR'
            ELSE 'FAILED' END AS disposition,
       arg_min(cause, start) AS cause,
       max(queue) AS queue,
       count(*) FILTER (NOT local) AS legs,
       max(recording) AS recording,
       max(conference) AS conference
FROM legs LEFT JOIN talks USING (call)
GROUP BY call
