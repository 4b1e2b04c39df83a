//! Profiles, offerings, settings and photos of tutors.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod people;

use std::io::Cursor;

use chrono::TimeDelta;
use domain::{
    account::Role,
    ids::{OfferingId, TutorId},
    money::Currency,
    tutor::{Offering, ProfileInput},
};
use image::{
    DynamicImage, ImageEncoder as _, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage, codecs::jpeg::JpegEncoder,
};
use people::{booking, join, offering, profile, refusal, refused, services, start, teach, tutor};
use services::tutor::{self, Provider, TutorSettings};
use sqlx::PgPool;

#[sqlx::test(migrations = "../migrations")]
async fn an_incomplete_profile_is_seen_by_its_tutor_and_admins_only(db: PgPool) {
    let services = services(db);
    let ana = join(&services, "Ana", Role::Tutor).await;
    let (sam, admin) =
        (join(&services, "Sam", Role::Student).await, join(&services, "Adm", Role::Admin).await);
    let id = tutor(&ana).to_string();
    for (actor, sees) in [(None, false), (Some(&sam), false), (Some(&ana), true), (Some(&admin), true)] {
        for name in ["ana", id.as_str()] {
            assert_eq!(tutor::find(&services, actor, name).await.is_ok(), sees, "{actor:?} {name}");
        }
    }
    let view = tutor::set_profile(&services, &ana, tutor(&ana), &profile()).await.expect("a profile");
    assert!(view.readiness.complete && view.readiness.active && view.readiness.provider);
    let view = tutor::set_active(&services, &ana, tutor(&ana), false).await.expect("switched");
    assert!(!view.readiness.active);
    let seen = tutor::find(&services, None, "ana").await.expect("an inactive profile is seen");
    assert_eq!(
        (seen.profile.map(|p| p.university), seen.readiness),
        (Some(profile().university), view.readiness)
    );
    for name in ["", "nobody", "ANA", "ana\u{1}", "ana\0", "550e8400-e29b-41d4-a716-446655440000"] {
        assert_eq!(
            refusal(tutor::find(&services, None, name).await),
            refused("PROFILE_NOT_FOUND", ""),
            "{name}"
        );
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_changes_another_tutor(db: PgPool) {
    let services = services(db);
    let (ana, eve) = (teach(&services, "Ana", &[1]).await, teach(&services, "Eve", &[1]).await);
    let (sam, admin) =
        (join(&services, "Sam", Role::Student).await, join(&services, "Adm", Role::Admin).await);
    let no_such: TutorId = services::chance::id();
    for (actor, id, code) in [
        (&eve, tutor(&ana), "INSUFFICIENT_PERMISSIONS"),
        (&sam, tutor(&ana), "INSUFFICIENT_PERMISSIONS"),
        (&admin, no_such, "PROFILE_NOT_FOUND"),
    ] {
        let expected = refused(code, "");
        assert_eq!(refusal(tutor::set_profile(&services, actor, id, &profile()).await), expected);
        assert_eq!(refusal(tutor::set_active(&services, actor, id, true).await), expected);
        assert_eq!(refusal(tutor::set_offerings(&services, actor, id, Vec::new()).await), expected);
        assert_eq!(refusal(tutor::settings(&services, actor, id).await), expected);
        assert_eq!(
            refusal(tutor::set_settings(&services, actor, id, TutorSettings::default()).await),
            expected
        );
        assert_eq!(refusal(tutor::set_provider(&services, actor, id, Provider::Jitsi).await), expected);
        assert_eq!(refusal(tutor::set_photo(&services, actor, id, &jpeg(8, 8)).await), expected);
    }
    assert!(tutor::set_active(&services, &admin, tutor(&ana), true).await.is_ok(), "an admin may");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_profile_with_a_fault_changes_nothing(db: PgPool) {
    let services = services(db);
    let ana = teach(&services, "Ana", &[1]).await;
    for (field, input) in [
        ("bio", ProfileInput { bio: "😀".repeat(49), ..profile() }),
        ("university", ProfileInput { university: String::new(), ..profile() }),
        ("field", ProfileInput { field: "MAGIC".into(), ..profile() }),
        ("current_year", ProfileInput { current_year: 0, ..profile() }),
        ("headline", ProfileInput { headline: Some("a\0b".into()), ..profile() }),
    ] {
        let changed = tutor::set_profile(&services, &ana, tutor(&ana), &input).await;
        assert_eq!(refusal(changed), refused("INVALID_PROFILE_DATA", field));
    }
    let kept = tutor::find(&services, None, "ana").await.expect("a tutor").profile.expect("complete");
    assert_eq!((kept.bio, kept.headline), (profile().bio, profile().headline));
}

#[sqlx::test(migrations = "../migrations")]
async fn offerings_are_replaced_and_those_not_named_are_archived(db: PgPool) {
    let services = services(db.clone());
    let ana = join(&services, "Ana", Role::Tutor).await;
    let id = tutor(&ana);
    tutor::set_profile(&services, &ana, id, &profile()).await.expect("a profile");
    let long = offering("Long", Currency::Eur, &[(90, 5000), (60, 3500)]);
    let short =
        Offering { buffer_after_min: 10, step_min: Some(15), ..offering("Short", Currency::Jpy, &[(15, 0)]) };
    let made =
        tutor::set_offerings(&services, &ana, id, vec![(None, long.clone()), (None, short.clone())]).await;
    let made = made.expect("made");
    assert_eq!(made[0].offering.durations[0].minutes, 60, "durations are sorted");
    let view = tutor::find(&services, None, "ana").await.expect("a tutor");
    assert_eq!(view.offerings, made);

    let renamed = Offering { title: "Short talk".into(), ..short.clone() };
    let changed = vec![(Some(made[1].id), renamed), (None, offering("New", Currency::Eur, &[(30, 1500)]))];
    let changed = tutor::set_offerings(&services, &ana, id, changed).await.expect("changed");
    assert_eq!(changed[0].id, made[1].id);
    let view = tutor::find(&services, None, "ana").await.expect("a tutor");
    assert_eq!(view.offerings, changed);
    let archived: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT id FROM offerings WHERE archived_at IS NOT NULL")
            .fetch_all(&db)
            .await
            .expect("read");
    assert_eq!(archived, [made[0].id.0]);

    let other = teach(&services, "Eve", &[1]).await;
    let others = tutor::find(&services, Some(&other), "eve").await.expect("a tutor").offerings[0].id;
    let fixed = Offering { fixed: true, ..long.clone() };
    for (offerings, expected) in [
        (vec![(Some(others), short.clone())], refused("NOT_FOUND", "id")),
        (vec![(Some(made[0].id), short.clone())], refused("NOT_FOUND", "id")),
        (vec![(Some(services::chance::id::<OfferingId>()), short.clone())], refused("NOT_FOUND", "id")),
        (
            vec![(Some(made[1].id), short.clone()), (Some(made[1].id), long.clone())],
            refused("INVALID_REQUEST", "id"),
        ),
        (vec![(None, short.clone()); 21], refused("INVALID_REQUEST", "offerings")),
        (vec![(None, fixed)], refused("INVALID_DURATION", "durations")),
        (vec![(None, offering("", Currency::Eur, &[(30, 1)]))], refused("INVALID_REQUEST", "title")),
        (vec![(None, offering("x", Currency::Kwd, &[(30, 1)]))], refused("INVALID_REQUEST", "prices")),
        (vec![(None, offering("x", Currency::Eur, &[(7, 1)]))], refused("INVALID_DURATION", "durations")),
    ] {
        assert_eq!(refusal(tutor::set_offerings(&services, &ana, id, offerings).await), expected);
    }
    assert_eq!(
        tutor::find(&services, None, "ana").await.expect("a tutor").offerings,
        changed,
        "nothing changed"
    );
    assert_eq!(tutor::set_offerings(&services, &ana, id, Vec::new()).await.expect("none"), []);
}

#[sqlx::test(migrations = "../migrations")]
async fn settings_and_provider_are_kept_within_bounds(db: PgPool) {
    let services = services(db.clone());
    let ana = teach(&services, "Ana", &[1]).await;
    let id = tutor(&ana);
    let none = TutorSettings::default();
    assert_eq!(tutor::settings(&services, &ana, id).await.expect("read"), (none, Provider::Jitsi));
    let some = TutorSettings {
        confirm_requests: Some(true),
        notice_min: Some(0),
        horizon_days: Some(365),
        cancel_notice_min: Some(20_160),
    };
    tutor::set_settings(&services, &ana, id, some).await.expect("kept");
    let external = Provider::External { url: "https://meet.example.org/ana".into() };
    tutor::set_provider(&services, &ana, id, external.clone()).await.expect("kept");
    assert_eq!(tutor::settings(&services, &ana, id).await.expect("read"), (some, external.clone()));
    for (settings, field) in [
        (TutorSettings { notice_min: Some(-1), ..none }, "notice_min"),
        (TutorSettings { notice_min: Some(20_161), ..none }, "notice_min"),
        (TutorSettings { horizon_days: Some(0), ..none }, "horizon_days"),
        (TutorSettings { horizon_days: Some(366), ..none }, "horizon_days"),
        (TutorSettings { cancel_notice_min: Some(i32::MAX), ..none }, "cancel_notice_min"),
    ] {
        let kept = tutor::set_settings(&services, &ana, id, settings).await;
        assert_eq!(refusal(kept), refused("INVALID_REQUEST", field));
    }
    let inside = Provider::External { url: "https://10.0.0.1/x".into() };
    let kept = tutor::set_provider(&services, &ana, id, inside).await;
    assert_eq!(refusal(kept), refused("INVALID_REQUEST", "external_url"));

    sqlx::query("INSERT INTO settings VALUES ('accepted_providers', '[\"external\"]')")
        .execute(&db)
        .await
        .expect("set");
    let kept = tutor::set_provider(&services, &ana, id, Provider::Jitsi).await;
    assert_eq!(refusal(kept), refused("PROVIDER_REQUIRED", "provider"));
    sqlx::query("UPDATE settings SET value = '[\"jitsi\"]'").execute(&db).await.expect("set");
    let kept = tutor::set_provider(&services, &ana, id, external.clone()).await;
    assert!(kept.is_ok(), "it stays as it is");
    sqlx::query("UPDATE settings SET value = '[\"external\"]'").execute(&db).await.expect("set");
    assert_eq!(tutor::settings(&services, &ana, id).await.expect("read"), (some, external));
    assert!(tutor::find(&services, None, "ana").await.expect("a tutor").readiness.provider);
    sqlx::query("UPDATE settings SET value = '[\"jitsi\"]'").execute(&db).await.expect("set");
    assert!(!tutor::find(&services, None, "ana").await.expect("a tutor").readiness.provider);
}

/// Red on the left half, blue on the right.
fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([220, 0, 0]) } else { Rgb([0, 0, 220]) })
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut content = Vec::new();
    JpegEncoder::new_with_quality(&mut content, 95).encode_image(&halves(width, height)).expect("encoded");
    content
}

/// A JPEG whose EXIF data say how it is to be turned.
fn turned(orientation: u8) -> Vec<u8> {
    let exif = [
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(),
        &[orientation, 0, 0, 0, 0, 0, 0, 0],
        b"a secret place",
    ]
    .concat();
    let mut content = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut content, 95);
    encoder.set_exif_metadata(exif).expect("metadata");
    encoder.encode_image(&halves(64, 64)).expect("encoded");
    content
}

fn written(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut content = Cursor::new(Vec::new());
    image.into().write_to(&mut content, format).expect("encoded");
    content.into_inner()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_photo_becomes_small_square_upright_and_bare(db: PgPool) {
    let services = services(db);
    let ana = teach(&services, "Ana", &[1]).await;
    let id = tutor(&ana);
    assert_eq!(tutor::photo(&services, id).await.expect("read"), None);
    let red = |pixel: &Rgb<u8>| pixel.0[0] > 150 && pixel.0[2] < 100;
    let blue = |pixel: &Rgb<u8>| pixel.0[2] > 150 && pixel.0[0] < 100;
    let clear = RgbaImage::from_pixel(30, 20, Rgba([0, 0, 0, 0]));
    let mut addresses = std::collections::HashSet::new();
    for (name, upload, left_is_red, top_is_red) in [
        ("wide", jpeg(900, 300), true, None),
        ("as it is", turned(1), true, None),
        ("upside down", turned(3), false, None),
        ("a quarter to the right", turned(6), false, Some(true)),
        ("a quarter to the left", turned(8), false, Some(false)),
        ("png", written(halves(64, 64), ImageFormat::Png), true, None),
        ("webp", written(halves(65, 65), ImageFormat::WebP), true, None),
    ] {
        let view = tutor::set_photo(&services, &ana, id, &upload).await.expect(name);
        let (content, version) = tutor::photo(&services, id).await.expect("read").expect(name);
        assert_eq!(view.photo_url, Some(format!("/photos/{id}?v={version}")));
        addresses.insert(view.photo_url);
        assert!(
            !content.windows(8).any(|part| part == b"a secret")
                && !content.windows(4).any(|part| part == b"Exif")
        );
        let photo =
            image::load_from_memory_with_format(&content, ImageFormat::Jpeg).expect("a JPEG").to_rgb8();
        assert_eq!(photo.dimensions(), (400, 400));
        let (left, right) = (photo.get_pixel(40, 200), photo.get_pixel(360, 200));
        let (top, bottom) = (photo.get_pixel(200, 40), photo.get_pixel(200, 360));
        match top_is_red {
            None if left_is_red => assert!(red(left) && blue(right), "{name}: {left:?} {right:?}"),
            None => assert!(blue(left) && red(right), "{name}: {left:?} {right:?}"),
            Some(true) => assert!(red(top) && blue(bottom), "{name}: {top:?} {bottom:?}"),
            Some(false) => assert!(blue(top) && red(bottom), "{name}: {top:?} {bottom:?}"),
        }
    }
    assert!(addresses.len() > 4, "a new photo has a new address");
    tutor::set_photo(&services, &ana, id, &written(clear, ImageFormat::Png)).await.expect("transparent");
    let (content, _) = tutor::photo(&services, id).await.expect("read").expect("a photo");
    let photo = image::load_from_memory(&content).expect("a JPEG").to_rgb8();
    assert_eq!(photo.get_pixel(200, 200).0, [255, 255, 255], "on white");
}

#[sqlx::test(migrations = "../migrations")]
async fn garbage_is_no_photo(db: PgPool) {
    let services = services(db);
    let ana = teach(&services, "Ana", &[1]).await;
    let whole = jpeg(64, 64);
    // A PNG that says that it is 60000 × 60000.
    let mut bomb = written(halves(8, 8), ImageFormat::Png);
    bomb[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let mut raw = Vec::new();
    image::codecs::png::PngEncoder::new(&mut raw)
        .write_image(&vec![0; 7_100 * 7_100], 7_100, 7_100, image::ExtendedColorType::L8)
        .expect("encoded");
    for (name, upload) in [
        ("nothing", Vec::new()),
        ("text", b"not a picture".to_vec()),
        ("svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()),
        ("gif", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec()),
        ("half a header", whole[..40].to_vec()),
        ("bomb", bomb),
        ("too many pixels", raw),
        ("too large", [whole, vec![0; 10 * 1024 * 1024]].concat()),
    ] {
        let kept = tutor::set_photo(&services, &ana, tutor(&ana), &upload).await;
        assert_eq!(refusal(kept), refused("INVALID_REQUEST", "photo"), "{name}");
    }
    assert_eq!(tutor::photo(&services, tutor(&ana)).await.expect("read"), None);
}

#[sqlx::test(migrations = "../migrations")]
async fn counters_follow_the_bookings(db: PgPool) {
    let services = services(db.clone());
    let ana = teach(&services, "Ana", &[1]).await;
    let (sam, olu) =
        (join(&services, "Sam", Role::Student).await, join(&services, "Olu", Role::Student).await);
    for (hours, student, state) in [
        (-90, &sam, "completed"),
        (-80, &sam, "completed"),
        (-70, &olu, "no_show_student"),
        (-60, &olu, "no_show_tutor"),
        (-50, &olu, "cancelled"),
        (-40, &olu, "cancelled"),
        (-1, &olu, "confirmed"),
        (0, &olu, "confirmed"),
        (10, &sam, "requested"),
        (20, &sam, "declined"),
    ] {
        let id = booking(&db, tutor(&ana), student.user, start() + TimeDelta::hours(hours), state).await;
        if hours == -50 {
            sqlx::query(
                "INSERT INTO booking_history (booking_id, to_state, actor, at) VALUES ($1, $2, 'tutor', $3)",
            )
            .bind(id.0)
            .bind(state)
            .bind(start())
            .execute(&db)
            .await
            .expect("history");
        }
    }
    let stats = tutor::stats(&services, "ana").await.expect("stats");
    let expected = tutor::TutorStats {
        total_bookings: 10,
        completed: 2,
        cancelled: 2,
        cancelled_by_tutor: 1,
        upcoming: 2,
        no_show_student: 1,
        no_show_tutor: 1,
        students: 2,
        rating_count: 0,
        rating_tenths: None,
    };
    assert_eq!(stats, expected);
    assert_eq!(refusal(tutor::stats(&services, "nobody").await), refused("PROFILE_NOT_FOUND", ""));
}
