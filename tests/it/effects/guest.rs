//! Guests that want the same effects whatever they are told: their answer is
//! laid out beforehand, as the contract's types are laid out in memory.

use std::sync::Arc;

use gatherly::hooks::{Effect, HookPoint, Mark, Recipient, Scope, Target, catalogue::CATALOGUE};

use crate::hooks::guest;

/// Where the answer is: behind the first page, which calls use.
const BASE: u32 = 65_536;
/// Bytes of one effect.
const EFFECT: usize = 64;

/// The memory of an answer.
#[derive(Default)]
struct Image(Vec<u8>);

impl Image {
    fn at(&self) -> u32 {
        BASE + u32::try_from(self.0.len()).unwrap()
    }

    /// Puts bytes at the end; where they are, and how many.
    fn put(&mut self, bytes: &[u8]) -> (u32, u32) {
        let at = self.at();
        self.0.extend_from_slice(bytes);
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        (at, u32::try_from(bytes.len()).unwrap())
    }
}

/// A record on its way into an image.
struct Record<'a> {
    image: &'a mut Image,
    bytes: [u8; EFFECT],
}

impl Record<'_> {
    fn byte(&mut self, at: usize, value: u8) {
        self.bytes[at] = value;
    }

    fn number<const N: usize>(&mut self, at: usize, value: [u8; N]) {
        self.bytes[at..at + N].copy_from_slice(&value);
    }

    fn text(&mut self, at: usize, text: &str) {
        let (pointer, length) = self.image.put(text.as_bytes());
        self.number(at, pointer.to_le_bytes());
        self.number(at + 4, length.to_le_bytes());
    }

    fn target(&mut self, at: usize, target: &Target) {
        let case = match target {
            Target::Post(_) => 0,
            Target::Comment(_) => 1,
            Target::Account(_) => 2,
        };
        self.byte(at, case);
        self.text(at + 4, target.id());
    }

    fn optional_number(&mut self, at: usize, value: Option<u64>) {
        self.byte(at, u8::from(value.is_some()));
        self.number(at + 8, value.unwrap_or(0).to_le_bytes());
    }

    /// An effect: its case, and its record 8 bytes further on.
    fn effect(&mut self, effect: &Effect) {
        self.byte(0, u8::try_from(kind(effect)).unwrap());
        match effect {
            Effect::Label(label) => {
                self.target(8, &label.target);
                self.text(20, &label.label);
            }
            Effect::Lock(target) => self.target(8, target),
            Effect::Mark(marking) => {
                self.target(8, &marking.target);
                self.byte(20, u8::from(marking.mark == Mark::Spoiler));
            }
            Effect::Remove(removal) => {
                self.target(8, &removal.target);
                self.text(20, &removal.reason);
            }
            Effect::Report(reporting) => {
                self.target(8, &reporting.target);
                self.text(20, &reporting.reason);
            }
            Effect::Prioritise(wanted) => {
                self.target(8, &wanted.target);
                self.number(20, wanted.priority.to_le_bytes());
            }
            Effect::Warn(warning) => {
                self.text(8, &warning.account);
                self.text(16, &warning.reason);
            }
            Effect::Ban(sanction) => {
                self.text(8, &sanction.account);
                let scope = match sanction.scope {
                    Scope::Post => 0,
                    Scope::Community => 1,
                    Scope::Site => 2,
                };
                self.byte(16, scope);
                if let Some(place) = &sanction.place {
                    self.byte(20, 1);
                    self.text(24, place);
                }
                let deeds: Vec<u8> = sanction.deeds.iter().map(|deed| *deed as u8).collect();
                let (pointer, length) = self.image.put(&deeds);
                self.number(32, pointer.to_le_bytes());
                self.number(36, length.to_le_bytes());
                self.optional_number(40, sanction.duration);
                self.text(56, &sanction.reason);
            }
            Effect::SlowMode(slow) => {
                if let Some(post) = &slow.post {
                    self.byte(8, 1);
                    self.text(12, post);
                }
                self.number(24, slow.interval.to_le_bytes());
                self.optional_number(32, slow.duration);
            }
            Effect::Notify(notice) => {
                match &notice.to {
                    Recipient::Author(target) => self.target(12, target),
                    Recipient::Moderators => self.byte(8, 1),
                }
                self.text(24, &notice.text);
            }
            Effect::Reply(reply) => {
                self.target(8, &reply.target);
                self.text(20, &reply.body);
            }
            Effect::EmitWebhook(emission) => {
                self.text(8, &emission.name);
                self.text(16, &emission.payload);
            }
        }
    }
}

fn kind(effect: &Effect) -> usize {
    gatherly::hooks::EffectKind::ALL.iter().position(|kind| *kind == effect.kind()).unwrap()
}

/// A guest that is bound to these hooks and wants these effects at each of them.
/// Where it judges, it allows.
pub fn wanting(hooks: &[HookPoint], effects: &[Effect]) -> Arc<[u8]> {
    let mut image = Image::default();
    let mut list = Vec::new();
    for effect in effects {
        let mut record = Record { image: &mut image, bytes: [0; EFFECT] };
        record.effect(effect);
        list.extend(record.bytes);
    }
    let (pointer, _) = image.put(&list);
    claiming(hooks, &image, (pointer, u32::try_from(effects.len()).unwrap()))
}

/// A guest that says it wants this many effects, and has none of them.
pub fn flooding(hooks: &[HookPoint], effects: u32) -> Arc<[u8]> {
    claiming(hooks, &Image(vec![0; 64]), (BASE, effects))
}

fn claiming(hooks: &[HookPoint], image: &Image, (pointer, length): (u32, u32)) -> Arc<[u8]> {
    let names: Vec<&str> = hooks.iter().map(|hook| interface(*hook)).collect();
    let world = names.iter().map(|name| format!("export gatherly:plugin/{name}@0.3.0;"));
    let data: String = image.0.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let functions: String = hooks.iter().map(|hook| function(*hook, (pointer, length))).collect();
    let pages = 2 + image.0.len() / 65_536;
    let core = format!(
        r#"(module
          (import "gatherly:plugin/event@0.3.0" "[resource-drop]event-context" (func $drop (param i32)))
          (memory (export "memory") {pages})
          (global $heap (mut i32) (i32.const 4096))
          (data (i32.const {BASE}) "{data}")
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (local $at i32)
            (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
            (global.set $heap (i32.add (local.get $at) (local.get 3)))
            (local.get $at))
          {functions})"#
    );
    guest::component(&world.collect::<Vec<_>>().join(" "), &core)
}

fn interface(hook: HookPoint) -> &'static str {
    let row = CATALOGUE.iter().find(|row| row.point == hook).unwrap();
    row.interface.trim_start_matches("gatherly:plugin/").split('@').next().unwrap()
}

/// A hook that answers with the list of effects, behind its verdict and without
/// evidence.
fn function(hook: HookPoint, (pointer, length): (u32, u32)) -> String {
    let row = CATALOGUE.iter().find(|row| row.point == hook).unwrap();
    let name = interface(hook);
    let function = row.function();
    // After the verdict, of which only content's is laid out here, and evidence.
    let list = if hook == HookPoint::ContentBeforePublish { 1024 + 36 } else { 1024 + 8 };
    format!(
        r#"(func (export "gatherly:plugin/{name}@0.3.0#{function}") (param $in i32) (result i32)
            (call $drop (i32.load offset=120 (local.get $in)))
            (i32.store (i32.const {list}) (i32.const {pointer}))
            (i32.store (i32.const {}) (i32.const {length}))
            (i32.const 1024))"#,
        list + 4
    )
}
