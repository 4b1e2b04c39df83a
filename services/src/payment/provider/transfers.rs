//! What is asked of Stripe for passing earnings on to tutors, and for taking them back.

use std::collections::HashMap;

use domain::{
    ids::{PayoutId, ReversalId},
    money::Money,
};
use futures::TryStreamExt as _;
use stripe::StripeError;
use stripe_connect::{
    transfer::{CreateTransfer, ListTransfer},
    transfer_reversal::{CreateIdTransferReversal, ListIdTransferReversal},
};
use stripe_shared::{ApiErrors, ApiErrorsType};
use stripe_types::Currency;

use super::Provider;
use crate::{AppError, Result};

/// What the provider said to a transfer or a reversal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    /// It is done.
    Done {
        /// Its id of it.
        id: String,
    },
    /// Nothing was moved.
    Refused {
        /// Its word for why, such as `balance_insufficient`.
        code: String,
        /// In a sentence.
        message: String,
    },
}

impl Provider {
    /// Passes money on to a tutor's account. The payout's id is the key, and the transfer's group.
    pub(crate) async fn transfer(&self, payout: PayoutId, amount: Money, account: &str) -> Result<Moved> {
        let currency: Currency = amount.currency.code().to_lowercase().parse().map_err(AppError::fault)?;
        let request = CreateTransfer::new(currency, account)
            .amount(amount.minor)
            .transfer_group(payout.to_string())
            .metadata(HashMap::from([("payout".to_owned(), payout.to_string())]));
        let made = self.ask(&request, &payout.to_string()).await;
        moved(made.map(|transfer| transfer.id.to_string()))
    }

    /// The transfer of a payout, however long ago: by its group.
    pub(crate) async fn find_transfer(&self, payout: PayoutId) -> Result<Option<Moved>> {
        let list = ListTransfer::new().transfer_group(payout.to_string()).limit(1);
        let found = list.send(self.client().await).await.map_err(AppError::fault)?;
        Ok(found.data.into_iter().next().map(|transfer| Moved::Done { id: transfer.id.to_string() }))
    }

    /// Takes some of a transfer back. The reversal's id is the key.
    pub(crate) async fn reverse(&self, reversal: ReversalId, transfer: &str, amount: i64) -> Result<Moved> {
        let request = CreateIdTransferReversal::new(transfer)
            .amount(amount)
            .metadata(HashMap::from([("reversal".to_owned(), reversal.to_string())]));
        let made = self.ask(&request, &reversal.to_string()).await;
        moved(made.map(|reversal| reversal.id.to_string()))
    }

    /// What a reversal came to, however long ago: by its metadata, among the transfer's.
    pub(crate) async fn find_reversal(&self, reversal: ReversalId, transfer: &str) -> Result<Option<Moved>> {
        let name = reversal.to_string();
        let list = ListIdTransferReversal::new(transfer).limit(100);
        let mut reversals = list.paginate().stream(self.client().await);
        while let Some(made) = reversals.try_next().await.map_err(AppError::fault)? {
            if made.metadata.as_ref().and_then(|metadata| metadata.get("reversal")) == Some(&name) {
                return Ok(Some(Moved::Done { id: made.id.to_string() }));
            }
        }
        Ok(None)
    }
}

/// An answer, or a refusal that is one for good under this key. What may come out otherwise when it is asked again is
/// a fault.
fn moved(made: Result<String, StripeError>) -> Result<Moved> {
    match made {
        Ok(id) => Ok(Moved::Done { id }),
        Err(StripeError::Stripe(errors, 400 | 402 | 403 | 404))
            if errors.type_ != ApiErrorsType::IdempotencyError =>
        {
            Ok(refused(*errors))
        }
        Err(error) => Err(AppError::fault(error)),
    }
}

fn refused(errors: ApiErrors) -> Moved {
    Moved::Refused {
        code: errors.code.map_or_else(|| "refused".to_owned(), |code| code.to_string()),
        message: errors.message.unwrap_or_default(),
    }
}
