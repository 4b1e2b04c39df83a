//! A tutor's account with the payment provider. Its owner's details are the provider's alone: we keep how far it is.

use domain::{Code, Refusal, ids::TutorId, payout::AccountState};
use serde_json::json;

use super::store;
use crate::{Actor, AppError, Result, Services, account, live, payment::provider::KEY_LIFE};

/// How far a tutor is with the account to which earnings are paid out.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone but the tutor and admins.
pub async fn account_state(services: &Services, actor: &Actor, tutor: TutorId) -> Result<AccountState> {
    actor.require_tutor(tutor)?;
    let mut db = services.db.acquire().await?;
    let known = store::find_account(&mut db, tutor).await?;
    Ok(known.map_or(AccountState::Missing, |known| known.standing.state()))
}

/// Where the tutor gives the payment provider the details that it needs to pay: an address at the provider's that
/// works once. An account is made where there is none. From there the browser comes back to `page`, with
/// `?onboarding=done`, or with `?onboarding=again` where the address was used up.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone but the tutor; a fault where the provider does not answer.
pub async fn begin_onboarding(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
    page: &str,
) -> Result<String> {
    if actor.tutor != Some(tutor) {
        return Err(Refusal::new(Code::InsufficientPermissions, "forbidden").into());
    }
    let provider = services.payments()?;
    let now = services.clock.now();
    let mut db = services.db.acquire().await?;
    let asked_at = store::find_or_insert_account(&mut db, tutor, now).await?;
    let known = store::find_account(&mut db, tutor).await?.and_then(|known| known.account);
    drop(db);
    let account = match known {
        Some(account) => account,
        None => {
            let forgotten = now - asked_at >= KEY_LIFE;
            let made = if forgotten { provider.find_account_of(tutor, asked_at).await? } else { None };
            let made = match made {
                Some(made) => made,
                None => provider.create_account(tutor).await?,
            };
            store::set_account(&mut *services.db.acquire().await?, tutor, &made, services.clock.now()).await?
        }
    };
    let page = format!("{}{page}", services.config.web.public_url);
    provider
        .link_account(&account, &format!("{page}?onboarding=done"), &format!("{page}?onboarding=again"))
        .await
}

/// Asks the provider how far the account is, after its owner has come back from there.
///
/// # Errors
/// As [`account_state`]; a fault where the provider does not answer.
pub async fn look_again(services: &Services, actor: &Actor, tutor: TutorId) -> Result<()> {
    actor.require_tutor(tutor)?;
    let mut db = services.db.acquire().await?;
    let known = store::find_account(&mut db, tutor).await?.and_then(|known| known.account);
    drop(db);
    match known {
        Some(account) => look_up(services, &account).await,
        None => Ok(()),
    }
}

/// Asks the provider how an account stands, and keeps its answer. What came late or twice changes nothing: it is
/// always the present answer that counts. An account that is not ours is left alone.
///
/// # Errors
/// Where database or provider do not answer.
pub(crate) async fn look_up(services: &Services, account: &str) -> Result<()> {
    let mut db = services.db.acquire().await?;
    if store::find_owner(&mut db, account).await?.is_none() {
        return Ok(());
    }
    drop(db);
    let standing = services.payments()?.find_account(account).await?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let Some(owner) = store::set_standing(&mut tx, account, standing, now).await? else { return Ok(()) };
    let mut people = account::list_admins(&mut tx).await?;
    people.push(owner);
    live::record(&mut tx, &people, "payout", &json!({}), now).await?;
    tx.commit().await.map_err(AppError::from)?;
    services.live.wake(&people);
    Ok(())
}
