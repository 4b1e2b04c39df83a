//! Tutors' accounts at Stripe: what is asked of it for paying them.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{ids::TutorId, payout::Standing};
use futures::TryStreamExt as _;
use stripe_connect::{
    account::{
        CreateAccount, CreateAccountCapabilities, CreateAccountCapabilitiesTransfers, CreateAccountType,
        ListAccount, RetrieveAccount,
    },
    account_link::{CreateAccountLink, CreateAccountLinkType},
};
use stripe_shared::{Account, AccountCapabilitiesStatus};
use stripe_types::{RangeBoundsTs, RangeQueryTs};

use super::Provider;
use crate::{AppError, Result, chance};

/// Clocks may differ by so much.
const LENIENCE: TimeDelta = TimeDelta::hours(1);

impl Provider {
    /// Makes the account of a tutor, which then waits for its owner's details.
    pub(crate) async fn create_account(&self, tutor: TutorId) -> Result<String> {
        let transfers = CreateAccountCapabilitiesTransfers { requested: Some(true) };
        let capabilities =
            CreateAccountCapabilities { transfers: Some(transfers), ..CreateAccountCapabilities::new() };
        let request = CreateAccount::new()
            .type_(CreateAccountType::Express)
            .capabilities(capabilities)
            .metadata(HashMap::from([("tutor".to_owned(), tutor.to_string())]));
        let made = self.ask(&request, &format!("account-{tutor}")).await.map_err(AppError::fault)?;
        Ok(made.id.to_string())
    }

    /// The account of a tutor that was asked for so long ago: by its metadata, among those made since.
    pub(crate) async fn find_account_of(
        &self,
        tutor: TutorId,
        since: DateTime<Utc>,
    ) -> Result<Option<String>> {
        let name = tutor.to_string();
        let since = RangeBoundsTs { gte: Some((since - LENIENCE).timestamp()), ..RangeBoundsTs::default() };
        let list = ListAccount::new().created(RangeQueryTs::Bounds(since)).limit(100);
        let mut accounts = list.paginate().stream(self.client().await);
        while let Some(account) = accounts.try_next().await.map_err(AppError::fault)? {
            if account.metadata.as_ref().and_then(|metadata| metadata.get("tutor")) == Some(&name) {
                return Ok(Some(account.id.to_string()));
            }
        }
        Ok(None)
    }

    /// Where the owner of an account gives the details: an address that works once, for some minutes. From there the
    /// browser goes to `done`, or to `again` where the address was used up.
    pub(crate) async fn link_account(&self, account: &str, done: &str, again: &str) -> Result<String> {
        let request = CreateAccountLink::new(account, CreateAccountLinkType::AccountOnboarding)
            .return_url(done)
            .refresh_url(again);
        let key = format!("account-link-{}", chance::token());
        let link = self.ask(&request, &key).await.map_err(AppError::fault)?;
        Ok(link.url)
    }

    /// What Stripe says of an account.
    pub(crate) async fn find_account(&self, account: &str) -> Result<Standing> {
        let found = RetrieveAccount::new(account).send(self.client().await).await;
        found.map(|account| standing(&account)).map_err(AppError::fault)
    }
}

fn standing(account: &Account) -> Standing {
    let transfers = account.capabilities.as_ref().and_then(|capabilities| capabilities.transfers.as_ref());
    Standing {
        details_submitted: account.details_submitted.unwrap_or_default(),
        transfers_enabled: transfers == Some(&AccountCapabilitiesStatus::Active),
        payouts_enabled: account.payouts_enabled.unwrap_or_default(),
    }
}
