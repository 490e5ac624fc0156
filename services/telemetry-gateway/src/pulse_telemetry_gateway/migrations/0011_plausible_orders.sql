-- An `ord` counts process starts; one beyond 2^53 was never reached by a start (`pulse_contracts.telemetry.MAX_ORD`). Such lives
-- count as old ones, so that latest values follow the running life.
UPDATE stream SET ord = 0 WHERE ord > 9007199254740992;
UPDATE latest SET ord = 0 WHERE ord > 9007199254740992;
UPDATE batch b SET ord = 0 FROM device d
WHERE b.device_id = d.id AND b.pos > d.latest_pos AND b.ord > 9007199254740992;
