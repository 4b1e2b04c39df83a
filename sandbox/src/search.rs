//! Stripe's search language: `status:'succeeded' AND metadata['order']:'7'`, with `-` for not and `OR`.

use serde_json::{Value, json};

use crate::{
    call::Call,
    errors::{Answer, StripeError},
};

/// One condition.
#[derive(Debug, PartialEq)]
struct Clause {
    negated: bool,
    field: String,
    key: Option<String>,
    sign: char,
    or_equal: bool,
    value: String,
}

/// Searches objects of a kind, newest first.
///
/// # Errors
/// For a query that cannot be read and a page that was not given.
pub fn run(call: &Call<'_>, prefix: &'static str, url: &str) -> Answer {
    call.allow(&["limit", "page", "query"])?;
    let limit = call.params.integer("limit")?.unwrap_or(10);
    if !(1..=100).contains(&limit) {
        return Err(StripeError::invalid("Limit must be between 1 and 100.").on("limit"));
    }
    let (clauses, any) = parse(&call.params.require("query")?)?;
    let page = call.params.text("page");
    let from: usize = page
        .map_or(Ok(0), |page| page.parse())
        .map_err(|_| StripeError::invalid("Invalid page.").on("page"))?;
    let holds = |row: &&Value| {
        if any {
            clauses.iter().any(|clause| clause.holds(row))
        } else {
            clauses.iter().all(|clause| clause.holds(row))
        }
    };
    let limit = usize::try_from(limit).unwrap_or(10);
    let mut rows = call.store.all(prefix).rev().filter(holds).skip(from);
    let data: Vec<&Value> = rows.by_ref().take(limit).collect();
    let has_more = rows.next().is_some();
    let next = has_more.then(|| (from + limit).to_string());
    Ok(
        json!({ "object": "search_result", "data": data, "has_more": has_more, "next_page": next, "url": url }),
    )
}

impl Clause {
    fn holds(&self, row: &Value) -> bool {
        let member = &row[self.field.as_str()];
        let member = self.key.as_ref().map_or(member, |key| &member[key.as_str()]);
        let found = match (member, self.value.parse::<i64>(), self.sign) {
            (Value::Null, ..) => self.value == "null",
            (Value::Number(number), Ok(value), sign) => {
                let number = number.as_i64().unwrap_or_default();
                match sign {
                    '>' => number > value || (self.or_equal && number == value),
                    '<' => number < value || (self.or_equal && number == value),
                    _ => number == value,
                }
            }
            (Value::String(text), _, '~') => text.to_lowercase().contains(&self.value.to_lowercase()),
            (Value::String(text), ..) => *text == self.value,
            _ => false,
        };
        found != self.negated
    }
}

fn unreadable(query: &str) -> StripeError {
    let message = format!("We were unable to parse your search query: {query}");
    StripeError::invalid(message).on("query")
}

/// The conditions, and whether one of them is enough.
fn parse(query: &str) -> Result<(Vec<Clause>, bool), StripeError> {
    let mut rest = query.trim();
    let (mut clauses, mut joins) = (Vec::new(), Vec::new());
    loop {
        let (found, left) = clause(rest).ok_or_else(|| unreadable(query))?;
        clauses.push(found);
        rest = left.trim_start();
        if rest.is_empty() {
            break;
        }
        let (join, left) = match rest.split_once(char::is_whitespace) {
            Some((word, left)) if word.eq_ignore_ascii_case("and") => (false, left),
            Some((word, left)) if word.eq_ignore_ascii_case("or") => (true, left),
            _ => (false, rest),
        };
        joins.push(join);
        rest = left.trim_start();
    }
    if joins.contains(&true) && joins.contains(&false) {
        return Err(StripeError::invalid("You cannot combine AND and OR in one query.").on("query"));
    }
    Ok((clauses, joins.contains(&true)))
}

fn clause(text: &str) -> Option<(Clause, &str)> {
    let (negated, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let end = text.find([':', '>', '<', '~', '['])?;
    let (field, mut rest) = text.split_at(end);
    let mut key = None;
    if let Some(inner) = rest.strip_prefix('[') {
        let (name, after) = quoted(inner)?;
        key = Some(name);
        rest = after.strip_prefix(']')?;
    }
    let sign = rest.chars().next()?;
    let (or_equal, rest) =
        rest.get(1..)?.strip_prefix('=').map_or((false, rest.get(1..)?), |rest| (true, rest));
    let (value, rest) = quoted(rest).or_else(|| bare(rest))?;
    Some((Clause { negated, field: field.trim().to_owned(), key, sign, or_equal, value }, rest))
}

/// A text in quotes of either kind, with `\` before a quote in it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|sign| matches!(sign, '\'' | '"'))?;
    let mut value = String::new();
    let mut signs = text.char_indices().skip(1);
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\\' => value.push(signs.next()?.1),
            sign if sign == quote => return Some((value, text.get(at + 1..)?)),
            sign => value.push(sign),
        }
    }
    None
}

fn bare(text: &str) -> Option<(String, &str)> {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end)).map(|(value, rest)| (value.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_select() {
        let row = json!({ "status": "succeeded", "amount": 500, "metadata": { "order": "it's 7" }, "customer": null });
        let cases = [
            (r"metadata['order']:'it\'s 7'", true),
            (r#"metadata["order"]:"it's 7" AND status:"succeeded""#, true),
            (r#"metadata["order"]:"8""#, false),
            ("amount>499 AND amount<501", true),
            ("amount>=500 AND amount<=499", false),
            ("status:'canceled' OR amount:500", true),
            ("-status:'succeeded'", false),
            ("customer:null", true),
            ("status~'succ'", true),
        ];
        for (query, expected) in cases {
            let (clauses, any) = parse(query).unwrap();
            let holds = if any {
                clauses.iter().any(|c| c.holds(&row))
            } else {
                clauses.iter().all(|c| c.holds(&row))
            };
            assert_eq!(holds, expected, "{query}");
        }
        assert!(parse("nonsense").is_err());
        assert!(parse("a:'1' AND b:'2' OR c:'3'").is_err());
    }
}
