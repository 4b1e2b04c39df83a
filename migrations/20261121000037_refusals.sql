-- What a person does not want to be told of, and by which way. Until now there were mails only: who refused them is
-- told on the pages all the same.
ALTER TABLE mail_refusals RENAME TO refusals;
ALTER TABLE refusals
    ADD COLUMN channel text NOT NULL DEFAULT 'mail' CHECK (channel IN ('mail', 'notice')),
    DROP CONSTRAINT mail_refusals_pkey,
    ADD CONSTRAINT refusals_pkey PRIMARY KEY (user_id, topic, channel),
    DROP CONSTRAINT mail_refusals_topic_check,
    ADD CONSTRAINT refusals_topic_check CHECK (topic IN ('lessons', 'money', 'reminders', 'questions', 'messages')),
    -- Mails about lessons and money cannot be refused.
    ADD CONSTRAINT refusals_allowed CHECK (channel <> 'mail' OR topic IN ('reminders', 'questions', 'messages'));

-- For servers of the release before, which know mails only.
CREATE VIEW mail_refusals AS SELECT user_id, topic, refused_at FROM refusals WHERE channel = 'mail';
