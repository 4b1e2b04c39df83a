-- Messages as they are searched: without accents, in lower case, ligatures written out.

CREATE FUNCTION chat_folded(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(replace(replace(
    lower(regexp_replace(normalize($1, NFKD), '[\u0300-\u036f]', '', 'g')), 'œ', 'oe'), 'æ', 'ae'), 'ß', 'ss');

ALTER TABLE chat_messages ADD COLUMN folded text GENERATED ALWAYS AS (chat_folded(body)) STORED;
