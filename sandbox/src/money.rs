//! Amounts: Stripe's minor units, smallest charges, and the sandbox's fee.
//!
//! Stripe departs from ISO 4217: ISK and UGX have no minor unit but are written with two decimals, the last
//! two digits zero; amounts of three-decimal currencies end in zero.

use crate::errors::StripeError;

/// Currencies without a minor unit on the wire.
const ZERO_DECIMAL: &[&str] = &[
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf",
];
/// Currencies of three decimals, of which the last must be 0.
const THREE_DECIMAL: &[&str] = &["bhd", "jod", "kwd", "omr", "tnd"];
/// Written with two decimals that must be 00.
const WHOLE_UNITS: &[&str] = &["isk", "ugx"];
/// The other currencies that Stripe charges in.
const TWO_DECIMAL: &[&str] = &[
    "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bmd",
    "bnd", "bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf", "cny", "cop", "crc", "cve", "czk",
    "dkk", "dop", "dzd", "egp", "etb", "eur", "fjd", "fkp", "gbp", "gel", "gip", "gmd", "gtq", "gyd", "hkd",
    "hnl", "htg", "huf", "idr", "ils", "inr", "isk", "jmd", "kes", "kgs", "khr", "kyd", "kzt", "lak", "lbp",
    "lkr", "lrd", "lsl", "mad", "mdl", "mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn",
    "nad", "ngn", "nio", "nok", "npr", "nzd", "pab", "pen", "pgk", "php", "pkr", "pln", "qar", "ron", "rsd",
    "rub", "sar", "sbd", "scr", "sek", "sgd", "shp", "sle", "sos", "srd", "std", "szl", "thb", "tjs", "top",
    "try", "ttd", "twd", "tzs", "uah", "ugx", "usd", "uyu", "uzs", "wst", "xcd", "yer", "zar", "zmw",
];
/// The smallest charge, where Stripe documents one, in minor units.
const MINIMUM: &[(&str, i64)] = &[
    ("usd", 50),
    ("aed", 200),
    ("aud", 50),
    ("bgn", 100),
    ("brl", 50),
    ("cad", 50),
    ("chf", 50),
    ("czk", 1500),
    ("dkk", 250),
    ("eur", 50),
    ("gbp", 30),
    ("hkd", 400),
    ("huf", 17500),
    ("inr", 50),
    ("jpy", 50),
    ("mxn", 1000),
    ("myr", 200),
    ("nok", 300),
    ("nzd", 50),
    ("pln", 200),
    ("ron", 200),
    ("sek", 300),
    ("sgd", 50),
    ("thb", 1000),
];
/// The largest charge: eight digits.
const MAXIMUM: i64 = 99_999_999;

/// Decimals of a currency on Stripe's wire.
#[must_use]
pub fn decimals(currency: &str) -> u32 {
    if ZERO_DECIMAL.contains(&currency) {
        0
    } else if THREE_DECIMAL.contains(&currency) {
        3
    } else {
        2
    }
}

/// A currency's code in lower case.
///
/// # Errors
/// Where Stripe does not know it.
pub fn currency(code: &str) -> Result<String, StripeError> {
    let lower = code.to_ascii_lowercase();
    let known = [ZERO_DECIMAL, THREE_DECIMAL, WHOLE_UNITS, TWO_DECIMAL];
    if known.iter().any(|list| list.contains(&lower.as_str())) {
        return Ok(lower);
    }
    Err(StripeError::invalid(format!(
        "Invalid currency: {lower}. Stripe currently supports these currencies: usd, eur, …"
    ))
    .on("currency"))
}

/// Refuses an amount that cannot be charged in a currency.
///
/// # Errors
/// `parameter_invalid_integer`, `amount_too_small`, `amount_too_large`.
pub fn chargeable(amount: i64, currency: &str) -> Result<(), StripeError> {
    positive(amount)?;
    let minimum = MINIMUM.iter().find(|(code, _)| *code == currency).map_or(1, |(_, least)| *least);
    if amount < minimum {
        let least = display(minimum, currency);
        return Err(StripeError::invalid(format!("Amount must be at least {least}"))
            .code("amount_too_small")
            .on("amount"));
    }
    if amount > MAXIMUM {
        let most = display(MAXIMUM, currency);
        return Err(StripeError::invalid(format!("Amount must be no more than {most}"))
            .code("amount_too_large")
            .on("amount"));
    }
    whole(amount, currency)
}

/// Refuses an amount below 1.
///
/// # Errors
/// `parameter_invalid_integer`.
pub fn positive(amount: i64) -> Result<(), StripeError> {
    if amount >= 1 {
        return Ok(());
    }
    Err(StripeError::invalid("This value must be greater than or equal to 1.")
        .code("parameter_invalid_integer")
        .on("amount"))
}

fn whole(amount: i64, currency: &str) -> Result<(), StripeError> {
    let step = if WHOLE_UNITS.contains(&currency) {
        100
    } else if THREE_DECIMAL.contains(&currency) {
        10
    } else {
        1
    };
    if amount % step == 0 {
        return Ok(());
    }
    let message = format!("Invalid amount: amounts in {currency} must be evenly divisible by {step}.");
    Err(StripeError::invalid(message).code("parameter_invalid_integer").on("amount"))
}

/// The sandbox's fee: 1.4 % rounded half up, plus 0.25 of a two-decimal currency (30 of one without
/// decimals, 0.080 of one with three). Never more than the amount.
#[must_use]
pub fn fee(amount: i64, currency: &str) -> i64 {
    let fixed = match decimals(currency) {
        0 => 30,
        3 => 80,
        _ => 25,
    };
    ((amount * 14 + 500) / 1000 + fixed).min(amount)
}

/// An amount as a person reads it in an error: `$5.00`, `¥50`, `KWD 1.500`.
#[must_use]
pub fn display(amount: i64, currency: &str) -> String {
    let places = decimals(currency);
    let unit = 10_i64.pow(places);
    let number = if places == 0 {
        amount.to_string()
    } else {
        format!("{}.{:0width$}", amount / unit, amount % unit, width = places as usize)
    };
    match currency {
        "usd" => format!("${number}"),
        "eur" => format!("€{number}"),
        "gbp" => format!("£{number}"),
        "jpy" => format!("¥{number}"),
        other => format!("{} {number}", other.to_ascii_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_rounded_half_up() {
        let cases = [
            (10_000, "eur", 165),
            (1_000, "eur", 39),
            (250, "eur", 29),
            (5_000, "jpy", 100),
            (10_120, "kwd", 222),
        ];
        for (amount, currency, expected) in cases {
            assert_eq!(fee(amount, currency), expected, "{amount} {currency}");
        }
    }

    #[test]
    fn amounts_keep_to_the_currency() {
        let cases = [
            (49, "eur", Some("amount_too_small")),
            (50, "eur", None),
            (49, "jpy", Some("amount_too_small")),
            (0, "usd", Some("parameter_invalid_integer")),
            (100_000_000, "usd", Some("amount_too_large")),
            (10_121, "kwd", Some("parameter_invalid_integer")),
            (10_120, "kwd", None),
            (550, "isk", Some("parameter_invalid_integer")),
            (500, "isk", None),
        ];
        for (amount, currency, code) in cases {
            assert_eq!(chargeable(amount, currency).err().and_then(|e| e.code), code, "{amount} {currency}");
        }
    }
}
