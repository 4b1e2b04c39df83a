//! From an address that somebody typed to the calendars of an account (RFC 6764, 6; RFC 4791, 6.2).

use url::Url;

use super::{Client, xml::Place};
use crate::{
    busy::{Problem, zone_of},
    diary::client::Found,
};

/// How many calendars of an account are offered.
const MOST: usize = 50;

/// The longest name that is kept, characters.
const LONGEST_NAME: usize = 100;

/// In how many places of a server calendars are looked for: an account has one or two.
const HOMES: usize = 5;

const WHO: &str = "<D:current-user-principal/><D:resourcetype/><C:calendar-home-set/>";
const WHAT: &str =
    "<D:displayname/><D:resourcetype/><C:supported-calendar-component-set/><C:calendar-timezone/>";

/// The calendars of an account, by name. The address may be that of a server, of the account or of one calendar.
///
/// # Errors
/// `Refused` where the server does not take the password, otherwise what keeps them from being found.
pub(in crate::diary) async fn discover(client: &Client<'_>, address: &Url) -> Result<Vec<Found>, Problem> {
    client.in_time(search(client, address)).await
}

async fn search(client: &Client<'_>, address: &Url) -> Result<Vec<Found>, Problem> {
    let homes = homes(client, address).await?;
    let mut found: Vec<Found> = Vec::new();
    for home in homes.into_iter().take(HOMES) {
        let (base, places) = client.properties(home, "1", WHAT).await?;
        let calendars = places.into_iter().filter(|place| place.is_calendar);
        found.extend(calendars.filter_map(|place| calendar(client, &base, place)).take(MOST));
    }
    found.sort_by(|a, b| (&a.name, &a.url).cmp(&(&b.name, &b.url)));
    found.dedup_by(|a, b| a.url == b.url);
    found.truncate(MOST);
    if found.is_empty() { Err(Problem::Unreadable) } else { Ok(found) }
}

fn calendar(client: &Client<'_>, base: &Url, place: Place) -> Option<Found> {
    let url = client.join(base, &place.href).filter(|url| url.as_str().len() <= 2000)?;
    let last = || url.path_segments()?.rfind(|part| !part.is_empty()).map(str::to_owned);
    let name = place.name.or_else(last).unwrap_or_default();
    let name = name.chars().filter(|character| !character.is_control()).take(LONGEST_NAME).collect();
    Some(Found { name, time_zone: place.zone.as_deref().and_then(zone_of), url, writable: true })
}

/// Where calendars may be: said by the address itself, or by the place that its server names for the purpose.
async fn homes(client: &Client<'_>, address: &Url) -> Result<Vec<Url>, Problem> {
    let named = address.join("/.well-known/caldav").map_err(|_| Problem::Unreachable)?;
    let mut last = Problem::Unreachable;
    for start in [address.clone(), named] {
        match homes_from(client, start).await {
            Ok(homes) if homes.is_empty() => last = Problem::Unreadable,
            Ok(homes) => return Ok(homes),
            Err(Problem::Refused) => return Err(Problem::Refused),
            Err(problem) => last = problem,
        }
    }
    Err(last)
}

/// Where a place says that calendars are: in itself, or at who asks.
async fn homes_from(client: &Client<'_>, start: Url) -> Result<Vec<Url>, Problem> {
    let (base, places) = client.properties(start, "0", WHO).await?;
    let Some(place) = places.into_iter().next() else { return Ok(Vec::new()) };
    if !place.homes.is_empty() {
        return Ok(place.homes.iter().filter_map(|home| client.join(&base, home)).collect());
    }
    let principal = place.principal.as_deref().and_then(|principal| client.join(&base, principal));
    if let Some(principal) = principal {
        let (base, places) = client.properties(principal, "0", WHO).await?;
        let homes = places.iter().flat_map(|place| &place.homes);
        let homes: Vec<Url> = homes.filter_map(|home| client.join(&base, home)).collect();
        if !homes.is_empty() {
            return Ok(homes);
        }
    }
    Ok(if place.is_calendar { vec![base] } else { Vec::new() })
}
