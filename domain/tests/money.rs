//! Currencies, prices, and who gets what.
#![allow(clippy::unwrap_used, reason = "a test")]

use domain::Code;
use domain::money::{Currency, MAX_PRICE, Money, split};
use proptest::prelude::*;

#[test]
fn currencies_are_a_closed_list() {
    let rows = [
        ("EUR", 2, 1),
        ("TTD", 2, 1),
        ("USD", 2, 1),
        ("JPY", 0, 1),
        ("KRW", 0, 1),
        ("XOF", 0, 1),
        ("CLP", 0, 1),
        ("KWD", 3, 10),
        ("BHD", 3, 10),
        ("TND", 3, 10),
    ];
    for (code, exponent, quantum) in rows {
        let currency = Currency::parse(code).unwrap();
        assert_eq!((currency.exponent(), currency.quantum()), (exponent, quantum), "{code}");
    }
    assert!(Currency::ALL.is_sorted_by(|a, b| a.code() < b.code()));
    for currency in Currency::ALL {
        assert_eq!(Currency::parse(currency.code()), Ok(*currency));
        assert_eq!(serde_json::to_value(currency).unwrap(), currency.code());
    }
    for wrong in ["", "eur", "EURO", "XXX", "BTC"] {
        let refusal = Currency::parse(wrong).unwrap_err();
        assert_eq!((refusal.code, &*refusal.key), (Code::InvalidRequest, "currency"));
    }
}

#[test]
fn charges_are_split_half_up_to_the_quantum() {
    let rows = [
        ("KWD", 10_120, 1_000, 1_010),
        ("KWD", 10_150, 1_000, 1_020),
        ("EUR", 3_330, 1_500, 500),
        ("EUR", 1_665, 1_500, 250),
        ("EUR", 5, 1_000, 1),
        ("EUR", 4, 1_000, 0),
        ("JPY", 1_005, 1_000, 101),
        ("USD", 0, 1_000, 0),
        ("USD", 999, 0, 0),
        ("USD", 999, 10_000, 999),
        ("USD", 999, u32::MAX, 999),
    ];
    for (code, minor, fee_bps, fee) in rows {
        let charge = Money { minor, currency: Currency::parse(code).unwrap() };
        let parts = split(charge, fee_bps);
        assert_eq!((parts.fee.minor, parts.payout.minor), (fee, minor - fee), "{code} {minor} {fee_bps}");
    }
}

#[test]
fn halves_round_up_to_the_quantum() {
    let rows =
        [("EUR", 3_333, 1_667), ("EUR", 1, 1), ("JPY", 1_001, 501), ("KWD", 10_110, 5_060), ("KWD", 10, 10)];
    for (code, minor, half) in rows {
        let price = Money { minor, currency: Currency::parse(code).unwrap() };
        assert_eq!(price.half().minor, half, "{code} {minor}");
    }
}

#[test]
fn prices_are_whole_quanta_within_bounds() {
    let rows = [
        ("EUR", 0, true),
        ("EUR", MAX_PRICE, true),
        ("EUR", MAX_PRICE + 1, false),
        ("EUR", -1, false),
        ("KWD", 10_120, true),
        ("KWD", 10_125, false),
        ("EUR", i64::MIN, false),
        ("EUR", i64::MAX, false),
    ];
    for (code, minor, valid) in rows {
        assert_eq!(Money::price(minor, Currency::parse(code).unwrap()).is_ok(), valid, "{code} {minor}");
    }
}

#[test]
fn amounts_are_written_with_their_decimals() {
    let rows = [
        ("EUR", 1_250, "12.50"),
        ("EUR", 5, "0.05"),
        ("EUR", -5, "-0.05"),
        ("JPY", 1_000, "1000"),
        ("KWD", 10_120, "10.120"),
        ("EUR", i64::MIN, "-92233720368547758.08"),
    ];
    for (code, minor, shown) in rows {
        assert_eq!(Money { minor, currency: Currency::parse(code).unwrap() }.decimal(), shown);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    /// The parts add up, each on the side of the whole, for every amount that fits.
    #[test]
    fn fee_and_payout_are_the_charge(
        minor in any::<i64>(), fee_bps in any::<u32>(), currency in prop::sample::select(Currency::ALL),
    ) {
        let charge = Money { minor, currency };
        let parts = charge.split(fee_bps);
        prop_assert_eq!(parts.fee.minor.checked_add(parts.payout.minor), Some(minor));
        prop_assert!(parts.fee.minor.signum() * minor.signum() >= 0);
        prop_assert!(parts.payout.minor.signum() * minor.signum() >= 0);
        let _ = (charge.half(), charge.decimal());
    }

    /// The fee is the whole quantum nearest to the exact one, the greater of two.
    #[test]
    fn the_fee_is_the_nearest_quantum(
        quanta in 0_i64..=MAX_PRICE / 10, fee_bps in 0_u32..=10_000, currency in prop::sample::select(Currency::ALL),
    ) {
        let price = Money::price(quanta * currency.quantum(), currency).unwrap();
        let fee = price.split(fee_bps).fee.minor;
        prop_assert_eq!(fee % currency.quantum(), 0);
        let unit = 10_000 * currency.quantum();
        let off = fee * 10_000 - price.minor * i64::from(fee_bps);
        prop_assert!(2 * off > -unit && 2 * off <= unit, "off by {}", off);
    }
}
