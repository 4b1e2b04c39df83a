-- How much room the files of one person take is looked up at each upload.
CREATE INDEX chat_attachments_owner ON chat_attachments (owner_id);
