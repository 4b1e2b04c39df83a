//! Portraits for the demonstration, drawn from a few round shapes: a soft ground, shoulders, a head,
//! hair. Every shape is a distance to its edge in pixels, so that edges are smooth.

use image::{Rgb, RgbImage};

use super::dice::Dice;
use crate::{files::picture::encode, tutor::photo::SIDE};

/// A colour.
type Colour = [f32; 3];

const SKIN: [u32; 6] = [0xF8D9C4, 0xF1C9A8, 0xDFAE86, 0xC68F63, 0x9A6540, 0x6E452C];

/// Two colours of the ground, and one of clothes that goes with them.
const PALETTES: [[u32; 3]; 12] = [
    [0xFFE3D3, 0xFFC2A6, 0x004E89],
    [0xD8ECF8, 0xA9CFEA, 0x35577D],
    [0xE2F1E4, 0xB4DBC0, 0x3F6B55],
    [0xF4E6F6, 0xD9BFE3, 0x5E4078],
    [0xFFF1CC, 0xFBD98A, 0x7A5326],
    [0xE5E9F5, 0xBDC7E4, 0x2F3E66],
    [0xFBE0E4, 0xF2B8C2, 0x8A3A4D],
    [0xDDF3F2, 0xA6DCD9, 0x1F5F66],
    [0xF2EBE1, 0xDCCAB2, 0x584A3A],
    [0xEAF3D5, 0xC8DE9B, 0x4A6126],
    [0xE9E4FA, 0xC3B8EE, 0x433A86],
    [0xFDE7D2, 0xF5C08F, 0xA0482A],
];

/// How somebody looks: skin 1–6, colour and style of the hair, and what else there is, such as
/// `3 b waves glasses`.
pub(super) struct Look<'a> {
    skin: Colour,
    hair: Colour,
    style: &'a str,
    glasses: bool,
    beard: bool,
}

impl<'a> Look<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        let mut words = text.split(' ');
        let tone = words.next().and_then(|word| word.parse::<usize>().ok()).unwrap_or(1);
        let hair = match words.next() {
            Some("b") => 0x4A3426,
            Some("c") => 0x7A4A2B,
            Some("y") => 0xD9B36C,
            Some("r") => 0xB5562B,
            Some("g") => 0x8D8A86,
            Some("w") => 0xD9D6D0,
            _ => 0x241C1A,
        };
        let style = words.next().unwrap_or("short");
        let extras: Vec<_> = words.collect();
        Look {
            skin: colour(SKIN[tone.clamp(1, 6) - 1]),
            hair: colour(hair),
            style,
            glasses: extras.contains(&"glasses"),
            beard: extras.contains(&"beard"),
        }
    }
}

fn colour(hex: u32) -> Colour {
    [(hex >> 16) & 255, (hex >> 8) & 255, hex & 255].map(|part| part as f32)
}

fn mix(a: Colour, b: Colour, share: f32) -> Colour {
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * share)
}

/// The portrait as JPEG; the number picks ground, clothes and the small differences.
pub(super) fn draw(look: &Look<'_>, number: usize) -> Option<Vec<u8>> {
    encode(&paint(look, number))
}

fn paint(look: &Look<'_>, number: usize) -> RgbImage {
    let mut dice = Dice::new(number as u64 + 7);
    let [light, dark, cloth] = PALETTES[number % PALETTES.len()].map(colour);
    let mut canvas = Canvas::ground(light, dark);
    let person = Person {
        look,
        wide: 70.0 + dice.below(9) as f32,
        tall: 86.0 + dice.below(9) as f32,
        smile: 20.0 + dice.below(9) as f32,
        cloth: if dice.chance(35) { mix(cloth, [255.0; 3], 0.78) } else { cloth },
    };
    person.back(&mut canvas);
    person.body(&mut canvas, dice.below(3));
    person.head(&mut canvas);
    person.face(&mut canvas);
    person.front(&mut canvas);
    if look.glasses {
        person.glasses(&mut canvas);
    }
    canvas.0
}

/// The middle of the head.
const X: f32 = 200.0;
const Y: f32 = 190.0;

struct Person<'a> {
    look: &'a Look<'a>,
    /// Half of the head's width and height, and of the smile.
    wide: f32,
    tall: f32,
    smile: f32,
    cloth: Colour,
}

impl Person<'_> {
    /// What is behind the head.
    fn back(&self, canvas: &mut Canvas) {
        let (hair, w) = (self.look.hair, self.wide);
        match self.look.style {
            "long" => canvas.fill(hair, |x, y| block(x - X, y - 240.0, w + 22.0, 118.0, 70.0)),
            "waves" => canvas.fill(hair, |x, y| block(x - X, y - 205.0, w + 20.0, 88.0, 66.0)),
            "bob" => canvas.fill(hair, |x, y| block(x - X, y - 195.0, w + 20.0, 92.0, 60.0)),
            "bun" => canvas.fill(hair, |x, y| oval(x - X, y - 82.0, 36.0, 33.0)),
            "curly" => {
                for turn in 0..14 {
                    let angle = 2.6 + turn as f32 * 0.32;
                    let (cx, cy) = (X + angle.cos() * (w + 10.0), 172.0 + angle.sin() * 84.0);
                    canvas.fill(hair, |x, y| oval(x - cx, y - cy, 35.0, 35.0));
                }
            }
            "scarf" => canvas.fill(self.scarf(), |x, y| oval(x - X, y - 196.0, w + 28.0, 122.0)),
            _ => {}
        }
    }

    /// The colour of a headscarf: of the clothes, but lighter.
    fn scarf(&self) -> Colour {
        mix(self.cloth, [255.0, 244.0, 232.0], 0.45)
    }

    fn body(&self, canvas: &mut Canvas, collar: usize) {
        let shade = mix(self.look.skin, [90.0, 40.0, 20.0], 0.16);
        let cloth = self.cloth;
        canvas.fill(cloth, |x, y| block(x - X, y - 420.0, 146.0, 112.0, 96.0));
        canvas.fill(shade, |x, y| block(x - X, y - 282.0, 30.0, 52.0, 28.0));
        match (self.look.style, collar) {
            ("scarf", _) => canvas.fill(self.scarf(), |x, y| oval(x - X, y - 318.0, 84.0, 40.0)),
            (_, 0) => canvas.fill(shade, |x, y| oval(x - X, y - 318.0, 42.0, 24.0)),
            (_, 1) => {
                canvas.fill(shade, |x, y| wedge(x - X, y - 300.0, 40.0, 72.0));
                canvas.fill(mix(cloth, [255.0; 3], 0.35), |x, y| line(x, y, [158.0, 308.0], [X, 374.0], 6.0));
                canvas.fill(mix(cloth, [255.0; 3], 0.35), |x, y| line(x, y, [242.0, 308.0], [X, 374.0], 6.0));
            }
            _ => {
                canvas.fill(mix(cloth, [0.0; 3], 0.18), |x, y| block(x - X, y - 316.0, 50.0, 22.0, 20.0));
                canvas.fill(shade, |x, y| block(x - X, y - 290.0, 30.0, 26.0, 20.0));
            }
        }
    }

    fn head(&self, canvas: &mut Canvas) {
        let (w, h, skin) = (self.wide, self.tall, self.look.skin);
        let ear = mix(skin, [90.0, 40.0, 20.0], 0.1);
        // The hair of a bob lies over the ears.
        if self.look.style != "bob" {
            for side in [-1.0, 1.0] {
                canvas.fill(ear, |x, y| oval(x - X - side * (w + 1.0), y - 200.0, 14.0, 20.0));
            }
        }
        canvas.fill(skin, |x, y| oval(x - X, y - Y, w, h));
        if self.look.beard {
            let beard = mix(self.look.hair, skin, 0.12);
            canvas.fill(beard, |x, y| {
                let jaw = oval(x - X, y - Y - 2.0, w + 3.0, h + 4.0);
                jaw.max(-oval(x - X, y - 172.0, w + 12.0, 56.0)).max(180.0 - y)
            });
            canvas.fill(skin, |x, y| oval(x - X, y - 234.0, self.smile + 6.0, 11.0));
        } else {
            let blush = mix(skin, [235.0, 90.0, 80.0], 0.2);
            for side in [-1.0, 1.0] {
                canvas.fill(blush, |x, y| oval(x - X - side * 40.0, y - 222.0, 13.0, 8.0));
            }
        }
    }

    fn face(&self, canvas: &mut Canvas) {
        let dark = mix(self.look.skin, [30.0, 16.0, 14.0], 0.82);
        let soft = mix(self.look.skin, [120.0, 50.0, 30.0], 0.32);
        for side in [-1.0, 1.0] {
            let at = X + side * 28.0;
            canvas.fill(dark, |x, y| oval(x - at, y - 196.0, 5.5, 7.0));
            let brow = mix(self.look.hair, dark, 0.35);
            canvas.fill(brow, |x, y| {
                line(x, y, [at - 13.0, 174.5 + side * 0.5], [at + 13.0, 174.5 - side * 0.5], 2.6)
            });
        }
        canvas.fill(soft, |x, y| line(x, y, [X, 204.0], [X - 4.0, 216.0], 2.0));
        canvas.fill(soft, |x, y| line(x, y, [X - 4.0, 216.0], [X + 4.0, 217.0], 2.0));
        let lip = if self.look.skin[0] < 170.0 { [214.0, 112.0, 100.0] } else { [150.0, 50.0, 50.0] };
        let mouth = mix(lip, dark, 0.2);
        // The lower part of a ring.
        let radius = self.smile * 1.25;
        canvas.fill(mouth, |x, y| {
            let (dx, dy) = (x - X, y - (241.0 - radius));
            ((dx * dx + dy * dy).sqrt() - radius).abs() - 2.4 + 0.0_f32.max(radius * 0.72 - dy) * 2.0
        });
    }

    /// The hair before the face: a cap, less the face.
    fn front(&self, canvas: &mut Canvas) {
        let (w, hair) = (self.wide, self.look.hair);
        let cap = |x: f32, y: f32, more: f32| oval(x - X, y - 182.0, w + more, 92.0 + more);
        match self.look.style {
            "bald" => {}
            "scarf" => {
                let hole = |x: f32, y: f32| oval(x - X, y - 200.0, w - 5.0, 80.0);
                canvas.fill(self.scarf(), |x, y| oval(x - X, y - 194.0, w + 16.0, 110.0).max(-hole(x, y)));
            }
            "crop" => canvas.fill(hair, |x, y| cap(x, y, 3.0).max(-oval(x - X, y - 222.0, w + 4.0, 84.0))),
            "short" => canvas.fill(hair, |x, y| {
                cap(x, y, 9.0).max(-oval(x - X - 6.0, y - 226.0, w - 2.0, 84.0)).max(y - 194.0)
            }),
            "side" => canvas.fill(hair, |x, y| {
                cap(x, y, 11.0).max(-oval(x - X - 22.0, y - 232.0, w + 14.0, 94.0)).max(y - 186.0)
            }),
            "curly" => {
                for turn in 0..7 {
                    let angle = 3.55 + turn as f32 * 0.365;
                    let (cx, cy) = (X + angle.cos() * (w - 8.0), 174.0 + angle.sin() * 62.0);
                    canvas.fill(hair, |x, y| oval(x - cx, y - cy, 27.0, 25.0));
                }
            }
            "waves" => {
                canvas.fill(hair, |x, y| cap(x, y, 14.0).max(-oval(x - X + 30.0, y - 232.0, w + 14.0, 88.0)));
            }
            "bob" => canvas.fill(hair, |x, y| {
                let fringe = block(x - X, y - 236.0, w - 8.0, 78.0, 26.0);
                cap(x, y, 16.0).max(-fringe).max(y - 216.0)
            }),
            _ => canvas.fill(hair, |x, y| {
                let parting = oval(x - X - 36.0, y - 236.0, w - 12.0, 98.0).min(oval(
                    x - X + 36.0,
                    y - 236.0,
                    w - 12.0,
                    98.0,
                ));
                cap(x, y, 12.0).max(-parting)
            }),
        }
    }

    fn glasses(&self, canvas: &mut Canvas) {
        let frame = if self.look.hair[0] > 120.0 { colour(0x3B4A5A) } else { colour(0x26282D) };
        for side in [-1.0, 1.0] {
            let at = X + side * 29.0;
            canvas.fill(frame, |x, y| block(x - at, y - 197.0, 23.0, 20.0, 17.0).abs() - 2.0);
            canvas.fill(frame, |x, y| {
                line(x, y, [at + side * 23.0, 194.0], [X + side * (self.wide - 1.0), 190.0], 1.8)
            });
        }
        canvas.fill(frame, |x, y| line(x, y, [X - 7.0, 194.0], [X + 7.0, 194.0], 2.0));
    }
}

struct Canvas(RgbImage);

impl Canvas {
    /// A gradient across, with a lighter disc behind the head.
    fn ground(light: Colour, dark: Colour) -> Self {
        let pale = mix(light, [255.0; 3], 0.45);
        Canvas(RgbImage::from_fn(SIDE, SIDE, |x, y| {
            let (x, y) = (x as f32, y as f32);
            let ground = mix(light, dark, (x + 2.0 * y) / (3.0 * SIDE as f32));
            let disc = (0.5 - oval(x - X, y - 196.0, 158.0, 158.0)).clamp(0.0, 1.0);
            pixel(mix(ground, pale, disc * 0.55))
        }))
    }

    /// Paints where the distance to a shape's edge is negative. A distance tells for how many pixels of
    /// the row at least nothing changes: they are passed over, or painted, without asking again.
    fn fill(&mut self, paint: Colour, shape: impl Fn(f32, f32) -> f32) {
        for row in 0..SIDE {
            let mut column = 0;
            while column < SIDE {
                let distance = shape(column as f32 + 0.5, row as f32 + 0.5);
                let run = ((distance.abs() - 0.5) * LEAP).max(0.0) as u32 + 1;
                let until = (column + run).min(SIDE);
                if distance <= -0.5 {
                    let solid = pixel(paint);
                    (column..until).for_each(|column| self.0.put_pixel(column, row, solid));
                } else if distance < 0.5 {
                    let under = self.0.get_pixel(column, row).0.map(f32::from);
                    self.0.put_pixel(column, row, pixel(mix(under, paint, 0.5 - distance)));
                }
                column = until;
            }
        }
    }
}

/// Of a distance so much is leapt: those of ovals and of shapes cut out of others are not exact.
const LEAP: f32 = 0.45;

fn pixel(paint: Colour) -> Rgb<u8> {
    Rgb(paint.map(|part| part.round().clamp(0.0, 255.0) as u8))
}

/// An ellipse around the origin, nearly.
fn oval(x: f32, y: f32, rx: f32, ry: f32) -> f32 {
    let (u, v) = (x / rx, y / ry);
    let length = (u * u + v * v).sqrt();
    let slope = ((u / rx) * (u / rx) + (v / ry) * (v / ry)).sqrt();
    if slope < 1e-6 { -rx.min(ry) } else { length * (length - 1.0) / slope }
}

/// A rectangle around the origin with round corners.
fn block(x: f32, y: f32, rx: f32, ry: f32, corner: f32) -> f32 {
    let corner = corner.min(rx).min(ry);
    let (dx, dy) = (x.abs() - rx + corner, y.abs() - ry + corner);
    let (ox, oy) = (dx.max(0.0), dy.max(0.0));
    (ox * ox + oy * oy).sqrt() + dx.max(dy).min(0.0) - corner
}

/// A triangle with its point below: a neckline.
fn wedge(x: f32, y: f32, half: f32, depth: f32) -> f32 {
    let slant = (half * half + depth * depth).sqrt();
    ((x.abs() * depth + (y - depth) * half) / slant).max(-y)
}

/// A stroke between two points.
fn line(x: f32, y: f32, from: [f32; 2], to: [f32; 2], half: f32) -> f32 {
    let (px, py) = (x - from[0], y - from[1]);
    let (bx, by) = (to[0] - from[0], to[1] - from[1]);
    let along = ((px * bx + py * by) / (bx * bx + by * by)).clamp(0.0, 1.0);
    let (dx, dy) = (px - bx * along, py - by * along);
    (dx * dx + dy * dy).sqrt() - half
}
