//! No two lessons share a link: tutors who book, move, call off, go from provider to provider and give lessons links by
//! hand, at random, meet each student in a room of that lesson alone; in a room that they brought, in none of another
//! tutor's.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod google;
mod meetings;

use std::collections::BTreeMap;

use domain::booking::{Booking, BookingState};
use meetings::{World, open};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use services::{
    Actor, booking, lesson,
    testing::{self, Tutor, at_hour, refused, request},
    tutor::{self, Provider},
    video::{self, Kind},
};
use sqlx::PgPool;

/// Where chance starts: the same operations each time.
const SEED: u64 = 20_261_121;

/// Rooms that tutors bring, so few that they want the same.
const ROOMS: [&str; 3] =
    ["https://rooms.example.org/a", "https://rooms.example.org/b", "https://rooms.example.org/c"];

/// Which tutor does something: mostly the first, who has accounts.
const WHO: [usize; 6] = [0, 0, 0, 1, 2, 3];

/// People, and their lessons of one day.
struct Day {
    world: World,
    tutors: Vec<Tutor>,
    students: Vec<Actor>,
    lessons: Vec<(usize, Booking)>,
    /// How often a room was refused because another lesson takes place there.
    refused: u32,
}

impl Day {
    /// What was refused, was for one of these reasons.
    fn allow<T: std::fmt::Debug>(&mut self, result: services::Result<T>, reasons: &[&str]) -> Option<T> {
        match result {
            Ok(done) => Some(done),
            failed => {
                let (_, key) = refused(failed);
                assert!(reasons.contains(&&*key), "seed {SEED}: {key}");
                self.refused += u32::from(key.ends_with("_taken") && key != "slot_taken");
                None
            }
        }
    }

    async fn book(&mut self, day: i64, random: &mut StdRng) {
        let index = *WHO.choose(random).expect("a tutor");
        let student = self.students.choose(random).expect("a student");
        let wanted = request(&self.tutors[index], at_hour(24 * day + random.random_range(1..9)));
        let placed = booking::place(&self.world.services, student, &wanted, None).await;
        if let Some(placed) = self.allow(placed, &["slot_taken", "student_overlap", "slot_unavailable"]) {
            self.lessons.push((index, placed));
        }
    }

    async fn change(&mut self, day: i64, random: &mut StdRng) {
        if self.lessons.is_empty() {
            return;
        }
        let at = random.random_range(0..self.lessons.len());
        let (index, lesson) = self.lessons[at].clone();
        let (actor, services) = (self.tutors[index].actor.clone(), self.world.services.clone());
        match random.random_range(0..6) {
            0 => {
                booking::cancel(&services, &actor, lesson.id, None).await.expect("called off");
                self.lessons.remove(at);
            }
            1..=2 => {
                let start = at_hour(24 * day + random.random_range(1..9));
                let moved = booking::reschedule(&services, &actor, lesson.id, start, None).await;
                let reasons = ["slot_taken", "student_overlap", "slot_unavailable", "same_time"];
                if let Some(moved) = self.allow(moved, &reasons) {
                    self.lessons[at].1 = moved;
                }
            }
            _ => {
                let room = [&ROOMS[..], &[""]].concat().choose(random).copied().expect("a room");
                let given = video::set_own_link(&services, &actor, lesson.id, room).await;
                self.allow(given, &["link_taken"]);
            }
        }
    }

    async fn switch(&mut self, random: &mut StdRng) {
        let index = *WHO.choose(random).expect("a tutor");
        let external = Provider::External { url: ROOMS.choose(random).copied().expect("a room").to_owned() };
        let providers = match index {
            0 => vec![Provider::Zoom, Provider::GoogleMeet, Provider::Jitsi, external],
            _ => vec![Provider::Jitsi, external],
        };
        let chosen = providers.choose(random).cloned().expect("a provider");
        let tutor = &self.tutors[index];
        let set = tutor::set_provider(&self.world.services, &tutor.actor, tutor.id, chosen).await;
        self.allow(set, &["room_taken"]);
    }

    /// Both come to every lesson: where they were let in, by lesson and tutor.
    async fn meet(&mut self) -> Vec<(usize, String)> {
        let services = self.world.services.clone();
        self.lessons.sort_by_key(|(_, lesson)| lesson.start);
        let mut met = Vec::new();
        for (index, lesson) in std::mem::take(&mut self.lessons) {
            services.clock.set(&services.db, Some(lesson.start)).await.expect("the clock");
            let found =
                booking::find(&services, &self.tutors[index].actor, lesson.id).await.expect("a lesson");
            assert_eq!(found.state, BookingState::Confirmed);
            let student = self.students.iter().find(|it| it.user == lesson.student).expect("a student");
            let one = lesson::join(&services, student, lesson.id).await.expect("let in");
            let other = lesson::join(&services, &self.tutors[index].actor, lesson.id).await.expect("let in");
            assert_eq!(one, other, "the two meet");
            met.push((index, one));
        }
        met
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn no_two_lessons_share_a_link(db: PgPool) {
    let world = open(db).await;
    for kind in [Kind::Zoom, Kind::GoogleMeet] {
        world.connect(kind).await;
    }
    let mut tutors = vec![world.tutor.clone()];
    let mut students = Vec::new();
    for name in ["Ann", "Ben", "Cleo"] {
        tutors.push(testing::tutor(&world.services, name).await);
        students.push(testing::student(&world.services, name).await);
    }
    let mut random = StdRng::seed_from_u64(SEED);
    let mut day = Day { world, tutors, students, lessons: Vec::new(), refused: 0 };
    let (mut rooms, mut met_in_all) = (BTreeMap::<(i64, String), Vec<usize>>::new(), 0);
    for number in 1..=6 {
        for _ in 0..40 {
            match random.random_range(0..8) {
                0..=2 => day.book(number, &mut random).await,
                3..=5 => day.change(number, &mut random).await,
                6 => day.switch(&mut random).await,
                _ => day.world.drain().await,
            }
        }
        day.world.drain().await;
        for (index, url) in day.meet().await {
            met_in_all += 1;
            // A room that a tutor brought may be another's on another day.
            let day = if ROOMS.contains(&&*url) { number } else { 0 };
            rooms.entry((day, url)).or_default().push(index);
        }
    }
    for ((day, url), tutors) in &rooms {
        // It serves this tutor's lessons, which never overlap; any other serves one lesson.
        let own = *day > 0 && tutors.iter().all(|it| it == &tutors[0]);
        assert!(tutors.len() == 1 || own, "seed {SEED}: {url} {tutors:?}");
    }
    let made = |host: &str| rooms.keys().filter(|(_, url)| url.contains(host)).count();
    let kinds = [made("zoom.example"), made("meet.example"), made("_booking")];
    assert!(kinds.iter().all(|met| *met > 2), "{kinds:?} of {met_in_all}");
    assert!(day.refused > 5, "{} refused", day.refused);
}
