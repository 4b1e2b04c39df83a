//! What is seen: server-rendered pages, islands of interaction, server functions.
