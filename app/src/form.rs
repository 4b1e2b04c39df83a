//! The one island that makes every plain form quick: it sends the form by `fetch`, shows errors where
//! they belong, never sends twice, and follows the answer. Without it the form is posted as it is.
