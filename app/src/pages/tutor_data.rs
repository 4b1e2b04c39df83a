//! What search engines read of a tutor's page: schema.org as JSON-LD.

use domain::money::Money;
use serde_json::{Value, json};
use services::tutor::TutorView;

/// A tutor as a `Person` and, with offerings, a `Service`. Prices as programs read them.
#[must_use]
pub fn structured_data(tutor: &TutorView, base: &str, field: &str) -> Value {
    let base = base.trim_end_matches('/');
    let url = format!("{base}/tutors/{}", tutor.slug);
    let profile = tutor.profile.as_ref();
    let mut person = json!({
        "@type": "Person",
        "@id": format!("{url}#person"),
        "name": tutor.name,
        "url": url,
    });
    if let Some(profile) = profile {
        person["description"] = json!(profile.bio);
        person["affiliation"] = json!({ "@type": "CollegeOrUniversity", "name": profile.university });
        person["knowsAbout"] = json!(field);
        if !profile.languages.is_empty() {
            person["knowsLanguage"] = json!(profile.languages);
        }
        if let Some(linkedin) = &profile.linkedin {
            person["sameAs"] = json!([linkedin]);
        }
    }
    if let Some(photo) = &tutor.photo_url {
        person["image"] = json!(format!("{base}{photo}"));
    }
    let mut graph = vec![person];
    if let Some(service) = service(tutor, &url, field) {
        graph.push(service);
    }
    json!({ "@context": "https://schema.org", "@graph": graph })
}

fn service(tutor: &TutorView, url: &str, field: &str) -> Option<Value> {
    if tutor.offerings.is_empty() {
        return None;
    }
    let offers = tutor.offerings.iter().flat_map(|it| {
        it.offering.durations.iter().map(|duration| {
            let price = Money { minor: duration.price_minor, currency: it.offering.currency };
            json!({
                "@type": "Offer",
                "name": it.offering.title,
                "price": price.decimal(),
                "priceCurrency": it.offering.currency.code(),
                "eligibleDuration": { "@type": "QuantitativeValue", "value": duration.minutes, "unitCode": "MIN" },
                "url": url,
            })
        })
    });
    let mut service = json!({
        "@type": "Service",
        "@id": format!("{url}#lessons"),
        "name": tutor.name,
        "serviceType": field,
        "provider": { "@id": format!("{url}#person") },
        "offers": offers.collect::<Vec<_>>(),
    });
    if let (Some(tenths), true) = (tutor.rating_tenths, tutor.rating_count > 0) {
        service["aggregateRating"] = json!({
            "@type": "AggregateRating",
            "ratingValue": format!("{}.{}", tenths / 10, tenths % 10),
            "bestRating": "5",
            "worstRating": "1",
            "ratingCount": tutor.rating_count,
        });
    }
    Some(service)
}

/// JSON that can stand inside a `<script>`: nothing in it ends the element or starts a comment.
#[must_use]
pub fn in_script(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        money::Currency,
        tutor::{Offering, PricedDuration, Profile, Readiness},
    };
    use services::tutor::OfferingView;

    fn tutor(bio: &str) -> TutorView {
        TutorView {
            id: uuid::Uuid::from_u128(1).into(),
            slug: "ana".into(),
            name: "Ana </script>".into(),
            time_zone: "Europe/Lisbon".into(),
            profile: Some(Profile {
                university: "Lisboa".into(),
                degree: "MSc".into(),
                field: domain::tutor::Field::Law,
                current_year: 4,
                bio: bio.into(),
                linkedin: None,
                languages: vec!["Português".into()],
                goals: vec![],
                headline: None,
            }),
            readiness: Readiness { complete: true, active: true, provider: true },
            photo_url: Some("/photos/1.jpg?v=2".into()),
            rating_count: 31,
            rating_tenths: Some(48),
            offerings: vec![OfferingView {
                id: uuid::Uuid::from_u128(2).into(),
                offering: Offering {
                    title: "Exam".into(),
                    durations: vec![PricedDuration { minutes: 60, price_minor: 1250 }],
                    currency: Currency::Kwd,
                    step_min: None,
                    buffer_before_min: 0,
                    buffer_after_min: 0,
                    fixed: false,
                },
            }],
        }
    }

    #[test]
    fn it_says_what_the_page_says() {
        let data = structured_data(&tutor("About me"), "https://lectern.test/", "Law");
        let (person, service) = (&data["@graph"][0], &data["@graph"][1]);
        assert_eq!(person["url"], "https://lectern.test/tutors/ana");
        assert_eq!(person["image"], "https://lectern.test/photos/1.jpg?v=2");
        assert_eq!(service["offers"][0]["price"], "1.250");
        assert_eq!(service["offers"][0]["priceCurrency"], "KWD");
        assert_eq!(service["aggregateRating"]["ratingValue"], "4.8");
    }

    #[test]
    fn nothing_leaves_the_script() {
        let data = structured_data(&tutor("<!-- </script><script>alert(1)</script> & more"), "", "Law");
        let text = in_script(&data);
        assert!(!text.contains('<') && !text.contains('>') && !text.contains('&'), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), data);
    }
}
