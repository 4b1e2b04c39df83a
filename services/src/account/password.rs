//! Hashing of passwords: argon2id, off the threads that answer requests, a bounded number at once.

use std::sync::LazyLock;

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::SaltString,
};
use tokio::{sync::Semaphore, task::spawn_blocking};
use uuid::Uuid;

use crate::{AppError, Result, chance};

/// Memory in KiB and passes over it, on one lane: the first choice of OWASP's password storage
/// guide for argon2id (19 MiB, 2 passes).
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;

/// One hash keeps one core and its memory busy: no more at once than there are cores.
static GATE: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)));

/// The hash to keep of a password, in PHC form, with a salt of its own.
///
/// # Errors
/// Where the machine has not the memory for it.
pub(crate) async fn hash(password: &str) -> Result<String> {
    let password = password.to_owned();
    // A random id is a salt: it need only never repeat.
    let salt = SaltString::encode_b64(chance::id::<Uuid>().as_bytes()).map_err(fault)?;
    run(move || Ok(hasher()?.hash_password(password.as_bytes(), &salt).map_err(fault)?.to_string())).await
}

/// Whether a password is the one of a kept hash. Without a hash it is not, after the same work.
///
/// # Errors
/// Where the kept hash is not one.
pub(crate) async fn verify(kept: Option<String>, password: &str) -> Result<bool> {
    let password = password.to_owned();
    run(move || match kept {
        Some(kept) => {
            let kept = PasswordHash::new(&kept).map_err(fault)?;
            match hasher()?.verify_password(password.as_bytes(), &kept) {
                Ok(()) => Ok(true),
                Err(argon2::password_hash::Error::Password) => Ok(false),
                Err(error) => Err(fault(error)),
            }
        }
        None => {
            let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
            let work = hasher()?.hash_password_into(password.as_bytes(), &[0; 16], &mut out);
            work.map(|()| false).map_err(AppError::fault)
        }
    })
    .await
}

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(AppError::fault)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

async fn run<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let _permit = GATE.acquire().await.map_err(AppError::fault)?;
    spawn_blocking(work).await.map_err(AppError::fault)?
}

fn fault(error: argon2::password_hash::Error) -> AppError {
    AppError::fault(error)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[tokio::test]
    async fn a_hash_knows_its_password_only() {
        let kept = hash("pässwörd-1").await.expect("a hash");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_ne!(hash("pässwörd-1").await.expect("a hash"), kept, "each has a salt of its own");
        for (kept, password, right) in [
            (Some(kept.clone()), "pässwörd-1", true),
            (Some(kept.clone()), "pässwörd-2", false),
            (Some(kept), "", false),
            (None, "pässwörd-1", false),
        ] {
            assert_eq!(verify(kept, password).await.expect("judged"), right, "{password}");
        }
        assert!(verify(Some("no hash".into()), "x").await.is_err());
    }

    #[tokio::test]
    async fn an_unknown_address_takes_as_long_as_a_known_one() {
        let kept = hash("pässwörd-1").await.expect("a hash");
        let time = async |kept: Option<String>| {
            let started = Instant::now();
            assert!(!verify(kept, "pässwörd-2").await.expect("judged"));
            started.elapsed()
        };
        // By turns: what else the machine does slows both.
        let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
        for _ in 0..8 {
            known = known.min(time(Some(kept.clone())).await);
            unknown = unknown.min(time(None).await);
        }
        let ratio = known.as_secs_f64() / unknown.as_secs_f64();
        assert!((0.4..2.5).contains(&ratio), "{ratio}");
    }
}
