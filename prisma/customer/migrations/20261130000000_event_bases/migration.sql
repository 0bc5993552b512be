-- The base of an event's absolute `source`. `source` and `id` identify an event, so a published event keeps its base: it is
-- that of the row with the highest after_position below the event's position.
CREATE TABLE "event_bases" (
    "after_position" BIGINT NOT NULL,
    "base_uri" TEXT NOT NULL,

    CONSTRAINT "event_bases_pkey" PRIMARY KEY ("after_position"),
    CONSTRAINT "event_bases_no_trailing_slash" CHECK ("base_uri" ~ '^https?://.*[^/]$')
);

-- Makes base_uri the base of the events that are published from now on. The relay's row is locked, so no event gets its
-- position meanwhile. A base that is not stated, but the address of a process, is kept only when there is none yet.
CREATE FUNCTION keep_event_base(base text, stated boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    published bigint;
    current_base text;
BEGIN
    SELECT r.last_position INTO published FROM outbox_relay r WHERE r.id = 1 FOR UPDATE;
    SELECT b.base_uri INTO current_base FROM event_bases b ORDER BY b.after_position DESC LIMIT 1;
    IF current_base IS NULL THEN
        INSERT INTO event_bases VALUES (0, base);
    ELSIF stated AND current_base <> base THEN
        -- At the same position nothing was published under the base before.
        INSERT INTO event_bases VALUES (published, base)
        ON CONFLICT (after_position) DO UPDATE SET base_uri = excluded.base_uri;
    END IF;
END $$;
