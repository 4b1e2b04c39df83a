//! What WebDAV (RFC 4918) and CalDAV (RFC 4791) servers answer.

use roxmltree::{Document, Node};

use crate::busy::Problem;

const DAV: &str = "DAV:";
const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";

/// What a server says of one of its places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Where it is, as the server writes it.
    pub href: String,
    /// Who asks, as a place of its own.
    pub principal: Option<String>,
    /// Where that one's calendars are.
    pub homes: Vec<String>,
    /// Whether it is a calendar of appointments, and not of tasks alone.
    pub is_calendar: bool,
    /// What its owner calls it.
    pub name: Option<String>,
    /// The definition of its zone (RFC 5545, VTIMEZONE).
    pub zone: Option<String>,
    /// Names the version of what is there.
    pub etag: Option<String>,
    /// The calendar file that is there.
    pub file: Option<String>,
}

/// The places of a multistatus answer. A server that says that it left some out says nothing of use.
pub(super) fn places(text: &str) -> Result<Vec<Place>, Problem> {
    let document = Document::parse(text).map_err(|_| Problem::Unreadable)?;
    let root = document.root_element();
    if !root.has_tag_name((DAV, "multistatus")) {
        return Err(Problem::Unreadable);
    }
    let mut found = Vec::new();
    for response in children(root, DAV, "response") {
        match child(response, DAV, "status").map(status) {
            None => found.push(place(response)),
            // RFC 4791, 7.8: it was too much for the server.
            Some(Some(507)) => return Err(Problem::TooLarge),
            // It is gone, or not ours to see.
            Some(_) => {}
        }
    }
    Ok(found)
}

fn place(response: Node<'_, '_>) -> Place {
    let mut place = Place { href: href(response).unwrap_or_default(), ..Place::default() };
    let known = children(response, DAV, "propstat")
        .filter(|part| child(*part, DAV, "status").map(status) == Some(Some(200)))
        .filter_map(|part| child(part, DAV, "prop"));
    let (mut calendar, mut events) = (false, None);
    for property in known.flat_map(|part| part.children()) {
        let name = property.tag_name();
        match (name.namespace(), name.name()) {
            (Some(DAV), "current-user-principal") => place.principal = href(property),
            (Some(DAV), "displayname") => place.name = text(property),
            (Some(DAV), "getetag") => place.etag = text(property),
            (Some(DAV), "resourcetype") => calendar = child(property, CALDAV, "calendar").is_some(),
            (Some(CALDAV), "calendar-home-set") => place.homes = hrefs(property).collect(),
            (Some(CALDAV), "calendar-data") => place.file = text(property),
            (Some(CALDAV), "calendar-timezone") => place.zone = text(property),
            (Some(CALDAV), "supported-calendar-component-set") => {
                let mut kinds = children(property, CALDAV, "comp");
                events = Some(kinds.any(|kind| kind.attribute("name") == Some("VEVENT")));
            }
            _ => {}
        }
    }
    // RFC 4791, 5.2.3: one that does not say takes all kinds.
    place.is_calendar = calendar && events.unwrap_or(true);
    place
}

/// The code of a status line such as `HTTP/1.1 200 OK`.
fn status(node: Node<'_, '_>) -> Option<u16> {
    node.text()?.split_whitespace().nth(1)?.parse().ok()
}

fn children<'a, 'input>(
    node: Node<'a, 'input>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(move |child| child.has_tag_name((namespace, name)))
}

fn child<'a, 'input>(
    node: Node<'a, 'input>,
    namespace: &'static str,
    name: &'static str,
) -> Option<Node<'a, 'input>> {
    children(node, namespace, name).next()
}

fn hrefs(node: Node<'_, '_>) -> impl Iterator<Item = String> {
    children(node, DAV, "href").filter_map(text)
}

fn href(node: Node<'_, '_>) -> Option<String> {
    hrefs(node).next()
}

/// The text of an element, of which a server may write parts as CDATA; `None` for an empty one.
fn text(node: Node<'_, '_>) -> Option<String> {
    let text: String = node.children().filter_map(|part| part.text()).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(responses: &str) -> String {
        format!("<d:multistatus xmlns:d='DAV:' xmlns:c='{CALDAV}'>{responses}</d:multistatus>")
    }

    fn response(href: &str, properties: &str, status: u16) -> String {
        format!(
            "<d:response><d:href>{href}</d:href><d:propstat><d:prop>{properties}</d:prop>\
             <d:status>HTTP/1.1 {status} X</d:status></d:propstat></d:response>"
        )
    }

    #[test]
    fn calendars_are_told_from_all_else() {
        let calendar = "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>";
        let kinds = |kinds: &str| {
            let kinds = kinds.split(' ').map(|kind| format!("<c:comp name='{kind}'/>")).collect::<String>();
            format!(
                "{calendar}<c:supported-calendar-component-set>{kinds}</c:supported-calendar-component-set>"
            )
        };
        for (properties, status, is_calendar) in [
            (calendar.to_owned(), 200, true),
            (calendar.to_owned(), 404, false),
            (kinds("VEVENT"), 200, true),
            (kinds("VTODO VEVENT"), 200, true),
            (kinds("VTODO"), 200, false),
            ("<d:resourcetype><d:collection/></d:resourcetype>".to_owned(), 200, false),
            ("<d:resourcetype><d:calendar/></d:resourcetype>".to_owned(), 200, false),
        ] {
            let found = places(&answer(&response("/x/", &properties, status))).expect("places");
            assert_eq!((&*found[0].href, found[0].is_calendar), ("/x/", is_calendar), "{properties}");
        }
    }

    #[test]
    fn properties_are_read_whatever_the_server_calls_its_namespaces() {
        let text = format!(
            "<?xml version='1.0'?><multistatus xmlns='DAV:'><response><href> /u/ </href><propstat><prop>\
             <current-user-principal><href>/p/</href></current-user-principal><displayname>A &amp; B</displayname>\
             <X:calendar-home-set xmlns:X='{CALDAV}'><href>/h1/</href><href>/h2/</href></X:calendar-home-set>\
             <getetag>\"1\"</getetag><X:calendar-data xmlns:X='{CALDAV}'><![CDATA[BEGIN:VCALENDAR]]></X:calendar-data>\
             </prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"
        );
        let found = Place {
            href: "/u/".into(),
            principal: Some("/p/".into()),
            homes: vec!["/h1/".into(), "/h2/".into()],
            name: Some("A & B".into()),
            etag: Some("\"1\"".into()),
            file: Some("BEGIN:VCALENDAR".into()),
            ..Place::default()
        };
        assert_eq!(places(&text), Ok(vec![found]));
    }

    #[test]
    fn what_is_gone_is_left_out_and_what_was_too_much_is_said() {
        let with = |status: u16| {
            answer(&format!(
                "<d:response><d:href>/</d:href><d:status>HTTP/1.1 {status} X</d:status></d:response>"
            ))
        };
        assert_eq!(places(&with(404)), Ok(Vec::new()));
        assert_eq!(places(&with(507)), Err(Problem::TooLarge));
        for wrong in ["", "<html/>", "<multistatus/>", "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"] {
            assert_eq!(places(wrong), Err(Problem::Unreadable), "{wrong}");
        }
    }
}
