//! Amounts in minor units, fees and their rounding (rules, Charge 2). Integers only.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Code, Refusal};

/// The greatest price of a lesson in minor units: the greatest amount that Stripe charges, eight digits.
pub const MAX_PRICE: i64 = 99_999_999;

/// The greatest platform fee: the whole charge, in basis points.
pub const MAX_FEE_BPS: u32 = 10_000;

macro_rules! currencies {
    ($($variant:ident $code:literal $exponent:literal),* $(,)?) => {
        /// A currency of the closed list, with its ISO 4217 code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "UPPERCASE")]
        #[expect(missing_docs, reason = "the variants are the codes")]
        pub enum Currency { $($variant),* }

        impl Currency {
            /// Every currency, by code.
            pub const ALL: &[Currency] = &[$(Currency::$variant),*];

            /// The ISO 4217 code, such as `EUR`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Currency::$variant => $code),* }
            }

            /// How many decimals the major unit has (ISO 4217).
            #[must_use]
            pub const fn exponent(self) -> u32 {
                match self { $(Currency::$variant => $exponent),* }
            }
        }
    };
}

currencies! {
    Aud "AUD" 2, Bhd "BHD" 3, Brl "BRL" 2, Cad "CAD" 2, Chf "CHF" 2, Clp "CLP" 0, Czk "CZK" 2,
    Dkk "DKK" 2, Eur "EUR" 2, Gbp "GBP" 2, Hkd "HKD" 2, Inr "INR" 2, Jpy "JPY" 0, Krw "KRW" 0,
    Kwd "KWD" 3, Mad "MAD" 2, Mxn "MXN" 2, Nok "NOK" 2, Npr "NPR" 2, Nzd "NZD" 2, Pln "PLN" 2,
    Sek "SEK" 2, Sgd "SGD" 2, Tnd "TND" 3, Try "TRY" 2, Ttd "TTD" 2, Usd "USD" 2, Xof "XOF" 0,
    Zar "ZAR" 2,
}

impl Currency {
    /// The currency of this ISO 4217 code.
    ///
    /// # Errors
    /// `INVALID_REQUEST` (`currency`) when the list has no such code.
    pub fn parse(code: &str) -> Result<Currency, Refusal> {
        let known = Currency::ALL.iter().copied().find(|currency| currency.code() == code);
        known.ok_or(Refusal::on(Code::InvalidRequest, "currency", "currency"))
    }

    /// The smallest amount that is charged, in minor units: three decimals are charged by tens.
    #[must_use]
    pub const fn quantum(self) -> i64 {
        if self.exponent() == 3 { 10 } else { 1 }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// In the currency's smallest unit: cents, yen, fils.
    pub minor: i64,
    /// Of which currency.
    pub currency: Currency,
}

/// Who gets what of a charge: `fee + payout = charge`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// What the student pays.
    pub charge: Money,
    /// What the platform keeps.
    pub fee: Money,
    /// What the tutor gets.
    pub payout: Money,
}

impl Split {
    /// What the platform gives back of its fee once so much of the charge is given back: in proportion, half up
    /// to the quantum, the whole fee for the whole charge.
    #[must_use]
    pub fn fee_of(&self, refunded: i64) -> i64 {
        if self.charge.minor == 0 {
            return 0;
        }
        let quantum = i128::from(self.charge.currency.quantum());
        let unit = i128::from(self.charge.minor) * quantum;
        let exact = i128::from(self.fee.minor) * i128::from(refunded);
        let fee = (2 * exact + unit).div_euclid(2 * unit) * quantum;
        i64::try_from(fee).unwrap_or(self.fee.minor)
    }
}

impl Money {
    /// A price: 0 to [`MAX_PRICE`], in whole quanta of the currency.
    ///
    /// # Errors
    /// `INVALID_REQUEST` (`price`).
    pub fn price(minor: i64, currency: Currency) -> Result<Money, Refusal> {
        let valid = (0..=MAX_PRICE).contains(&minor) && minor % currency.quantum() == 0;
        valid.then_some(Money { minor, currency }).ok_or(Refusal::on(Code::InvalidRequest, "price", "price"))
    }

    /// Nothing of a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    /// Half of it, half up to the quantum: the charge of a student who did not come.
    #[must_use]
    pub fn half(self) -> Money {
        self.part(1, 2)
    }

    /// Divides a charge between the platform and the tutor. A fee above 10000 basis points is the
    /// whole charge.
    #[must_use]
    pub fn split(self, fee_bps: u32) -> Split {
        let fee = self.part(fee_bps.min(MAX_FEE_BPS), MAX_FEE_BPS);
        let payout = Money { minor: self.minor - fee.minor, ..self };
        Split { charge: self, fee, payout }
    }

    /// In major units with all decimals, such as `12.50`, for programs; people read `Intl`.
    #[must_use]
    pub fn decimal(self) -> String {
        let unit = 10_u64.pow(self.currency.exponent());
        let (whole, rest) = (self.minor.unsigned_abs() / unit, self.minor.unsigned_abs() % unit);
        let sign = if self.minor < 0 { "-" } else { "" };
        let width = self.currency.exponent() as usize;
        if width == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:0width$}") }
    }

    /// `numerator / denominator` of it (at most 1), half up to the quantum, never beyond itself.
    fn part(self, numerator: u32, denominator: u32) -> Money {
        let unit = i128::from(denominator) * i128::from(self.currency.quantum());
        let exact = i128::from(self.minor) * i128::from(numerator);
        let quanta = (2 * exact + unit).div_euclid(2 * unit);
        let limit = i128::from(self.minor);
        let minor = (quanta * i128::from(self.currency.quantum())).clamp(limit.min(0), limit.max(0));
        Money { minor: i64::try_from(minor).unwrap_or(self.minor), ..self }
    }
}

/// Divides a charge: see [`Money::split`].
#[must_use]
pub fn split(charge: Money, fee_bps: u32) -> Split {
    charge.split(fee_bps)
}
