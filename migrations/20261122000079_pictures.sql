-- An image that came as PNG stays one, and a message of files needs no words.

ALTER TABLE chat_attachments
    DROP CONSTRAINT chat_attachments_content_type_check,
    DROP CONSTRAINT chat_attachments_image,
    ADD CONSTRAINT chat_attachments_content_type_check
        CHECK (content_type IN ('image/jpeg', 'image/png', 'application/pdf')),
    ADD CONSTRAINT chat_attachments_image
        CHECK ((content_type <> 'application/pdf') = (width IS NOT NULL AND height IS NOT NULL));
ALTER TABLE dispute_files
    DROP CONSTRAINT dispute_files_content_type_check,
    DROP CONSTRAINT dispute_files_image,
    ADD CONSTRAINT dispute_files_content_type_check
        CHECK (content_type IN ('image/jpeg', 'image/png', 'application/pdf')),
    ADD CONSTRAINT dispute_files_image
        CHECK ((content_type <> 'application/pdf') = (width IS NOT NULL AND height IS NOT NULL));
ALTER TABLE chat_messages
    DROP CONSTRAINT chat_messages_body_check,
    -- Empty where the message has files.
    ADD CONSTRAINT chat_messages_body_check CHECK (char_length(body) <= 4000);
