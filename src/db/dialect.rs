//! What `MySQL` says otherwise. Statements are written once, in words that
//! `SQLite` runs as they stand; for `MySQL` each is put into its words by the
//! rules below when it first runs, and kept. It is no parser: a statement that
//! needs another rule fails the test that prepares every statement, and what has
//! no words in common is a pair, see [`sql!`](super::sql).
//!
//! | in a store | for `MySQL` |
//! |---|---|
//! | `with v (a) as (select ?) ... (select a from v)` | `... (?)` |
//! | `(x, y) < (?, ?)` | `(x <= ? and (x < ? or y < ?))`, which walks an index |
//! | `cross join`, which says in what order | `straight_join` |
//! | `on conflict ... do nothing` | nothing; the duplicate is then no error |
//! | `on conflict ... do update set x = excluded.x` | `on duplicate key update x = values(x)` |
//! | `max(a, b)`, `min(a, b)` | `greatest(a, b)`, `least(a, b)` |
//! | `json_group_array` | `json_arrayagg` |
//! | `json_extract(a, b)` | `cast(json_value(a, b) as char)`, which compares with other texts |
//! | `?2`, in all places of a statement | `?`, and the argument once more |
//! | `...; ...` | two statements |

use std::{
    collections::HashMap,
    sync::{LazyLock, PoisonError, RwLock},
};

/// What becomes of a row that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Conflict {
    /// The statement fails.
    #[default]
    Fails,
    /// It stays as it is, and none was changed.
    Stays,
    /// It is changed, and counts as one.
    Changes,
}

/// A statement in `MySQL`'s words.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) sql: &'static str,
    /// Which argument stands at each place.
    pub(super) arguments: Vec<usize>,
    pub(super) conflict: Conflict,
}

/// Where a text stands in memory: texts are constants, so that stands for them.
type Place = (usize, usize);

static KNOWN: LazyLock<RwLock<HashMap<Place, &'static [Part]>>> = LazyLock::new(RwLock::default);

/// A statement in `MySQL`'s words: one, or several in order.
pub(super) fn mysql(sql: &'static str) -> &'static [Part] {
    let place = (sql.as_ptr().addr(), sql.len());
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&place).copied();
    known.unwrap_or_else(|| {
        // Once for each text of the program: kept for as long as it runs.
        let parts: &'static [Part] = Writer::translate(sql).leak();
        KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(place, parts);
        parts
    })
}

/// A table of one row that a statement begins with.
struct OneRow {
    name: &'static str,
    /// Name and expression of each column, and the number of its first argument.
    columns: Vec<(&'static str, &'static str, usize)>,
}

#[derive(Default)]
struct Writer {
    done: Vec<Part>,
    text: String,
    arguments: Vec<usize>,
    conflict: Conflict,
    next: usize,
    one_row: Option<OneRow>,
}

/// The rest of a text behind what a rule has dealt with.
type Rest = Option<&'static str>;

impl Writer {
    fn translate(sql: &'static str) -> Vec<Part> {
        let mut writer = Self::default();
        writer.write(sql);
        writer.end();
        writer.done
    }

    fn write(&mut self, mut rest: &'static str) {
        const RULES: [fn(&mut Writer, &'static str) -> Rest; 12] = [
            Writer::literal,
            Writer::argument,
            Writer::part,
            Writer::table_of_one_row,
            Writer::column_of_one_row,
            Writer::row_value,
            Writer::join,
            Writer::index,
            Writer::on_conflict,
            Writer::excluded,
            Writer::function,
            Writer::text_in_json,
        ];
        while let Some(first) = rest.chars().next() {
            rest = RULES.iter().find_map(|rule| rule(self, rest)).unwrap_or_else(|| {
                self.text.push(first);
                rest.split_at(first.len_utf8()).1
            });
        }
    }

    fn end(&mut self) {
        self.done.push(Part {
            sql: std::mem::take(&mut self.text).leak(),
            arguments: std::mem::take(&mut self.arguments),
            conflict: std::mem::take(&mut self.conflict),
        });
    }

    /// Whether what comes next begins a word.
    fn is_between_words(&self) -> bool {
        !self.text.ends_with(is_word)
    }

    /// Strings stay as they are.
    fn literal(&mut self, rest: &'static str) -> Rest {
        let (string, rest) = rest.strip_prefix('\'')?.split_once('\'')?;
        self.text.push('\'');
        self.text.push_str(string);
        self.text.push('\'');
        Some(rest)
    }

    fn argument(&mut self, rest: &'static str) -> Rest {
        let rest = rest.strip_prefix('?')?;
        let (number, rest) =
            rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        let argument = number.parse::<usize>().map_or(self.next, |number| number - 1);
        self.next = self.next.max(argument + 1);
        self.arguments.push(argument);
        self.text.push('?');
        Some(rest)
    }

    fn part(&mut self, rest: &'static str) -> Rest {
        let rest = rest.strip_prefix("; ")?;
        self.end();
        Some(rest)
    }

    fn table_of_one_row(&mut self, rest: &'static str) -> Rest {
        let (name, rest) = rest.strip_prefix("with ")?.split_once(" (")?;
        let (columns, rest) = rest.split_once(") as")?;
        if !name.chars().all(is_word) {
            return None;
        }
        let (expressions, rest) = enclosed(rest.trim_start().strip_prefix("(select ")?)?;
        let mut one_row = OneRow { name, columns: Vec::new() };
        for (column, expression) in columns.split(", ").zip(list(expressions)) {
            one_row.columns.push((column, expression, self.next));
            self.next += expression.matches('?').count();
        }
        self.one_row = Some(one_row);
        Some(rest.trim_start())
    }

    /// Its columns are written out where they are read.
    fn column_of_one_row(&mut self, rest: &'static str) -> Rest {
        let one_row = self.one_row.as_ref()?;
        let name = one_row.name;
        if let Some(rest) = rest.strip_prefix("from ").and_then(|rest| rest.strip_prefix(name)) {
            // It has a row all the same.
            self.text.push_str("from (select 1 as one) ");
            self.text.push_str(name);
            return Some(rest);
        }
        let (column, rest) = rest.strip_prefix("(select ")?.split_once(" from ")?;
        let rest = rest.strip_prefix(name)?.strip_prefix(')')?;
        let (_, expression, first) = *one_row.columns.iter().find(|(name, ..)| *name == column)?;
        let next = std::mem::replace(&mut self.next, first);
        self.text.push('(');
        self.write(expression);
        self.text.push(')');
        self.next = next;
        Some(rest)
    }

    fn row_value(&mut self, rest: &'static str) -> Rest {
        let (names, rest) = rest.strip_prefix('(')?.split_once(") < (?, ?)")?;
        let (first, second) = names.split_once(", ")?;
        if !names.chars().all(|c| is_word(c) || matches!(c, '.' | ',' | ' ')) {
            return None;
        }
        let (one, other) = (self.next, self.next + 1);
        self.next += 2;
        self.arguments.extend([one, one, other]);
        for text in ["(", first, " <= ? and (", first, " < ? or ", second, " < ?))"] {
            self.text.push_str(text);
        }
        Some(rest)
    }

    fn join(&mut self, rest: &'static str) -> Rest {
        let rest = rest.strip_prefix("cross join ").filter(|_| self.is_between_words())?;
        self.text.push_str("straight_join ");
        Some(rest)
    }

    fn index(&mut self, rest: &'static str) -> Rest {
        let rest = rest.strip_prefix("indexed by ").filter(|_| self.is_between_words())?;
        let (name, rest) = rest.split_at(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
        for text in ["force index (", name, ")"] {
            self.text.push_str(text);
        }
        Some(rest)
    }

    fn on_conflict(&mut self, rest: &'static str) -> Rest {
        let (_, rest) = rest.strip_prefix("on conflict")?.split_once("do ")?;
        if let Some(rest) = rest.strip_prefix("nothing") {
            self.conflict = Conflict::Stays;
            return Some(rest);
        }
        let rest = rest.strip_prefix("update")?.trim_start().strip_prefix("set ")?;
        self.conflict = Conflict::Changes;
        self.text.push_str("on duplicate key update ");
        Some(rest)
    }

    fn excluded(&mut self, rest: &'static str) -> Rest {
        let rest = rest.strip_prefix("excluded.").filter(|_| self.is_between_words())?;
        let (column, rest) = rest.split_at(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
        for text in ["values(", column, ")"] {
            self.text.push_str(text);
        }
        Some(rest)
    }

    fn function(&mut self, rest: &'static str) -> Rest {
        const NAMES: [(&str, &str, bool); 3] = [
            ("max(", "greatest(", true),
            ("min(", "least(", true),
            ("json_group_array(", "json_arrayagg(", false),
        ];
        if !self.is_between_words() {
            return None;
        }
        let is_this = |(name, _, of_several): &&(&str, &str, bool)| {
            let Some(arguments) = rest.strip_prefix(*name) else { return false };
            !of_several || enclosed(arguments).is_some_and(|(inner, _)| list(inner).len() > 1)
        };
        let (name, other, _) = NAMES.iter().find(is_this)?;
        self.text.push_str(other);
        rest.strip_prefix(*name)
    }

    /// `MySQL` gives such a text another collation than all others.
    fn text_in_json(&mut self, rest: &'static str) -> Rest {
        let rest = rest.strip_prefix("json_extract(").filter(|_| self.is_between_words())?;
        let (arguments, rest) = enclosed(rest)?;
        self.text.push_str("cast(json_value(");
        self.write(arguments);
        self.text.push_str(") as char)");
        Some(rest)
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// What stands before the parenthesis that closes an open one, and behind it.
fn enclosed(text: &'static str) -> Option<(&'static str, &'static str)> {
    let mut depth = 0_usize;
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth == 0 => {
                let (inner, rest) = text.split_at(at);
                return rest.strip_prefix(')').map(|rest| (inner, rest));
            }
            ')' if !quoted => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The expressions of a list.
fn list(text: &'static str) -> Vec<&'static str> {
    let mut depth = 0_usize;
    text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .map(str::trim)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{Conflict, mysql};

    /// The parts of a statement, with its arguments by number.
    fn parts(sql: &'static str) -> Vec<(&'static str, Vec<usize>, Conflict)> {
        mysql(sql).iter().map(|part| (part.sql, part.arguments.clone(), part.conflict)).collect()
    }

    fn one(sql: &'static str) -> (&'static str, Vec<usize>) {
        let parts = parts(sql);
        assert_eq!(parts.len(), 1);
        (parts[0].0, parts[0].1.clone())
    }

    #[test]
    fn what_is_common_stays_as_it_is() {
        let sql = "select max(a), 'max(?, it''s)' from t where b = ? and max_c in (?, ?)";
        assert_eq!(one(sql), (sql, vec![0, 1, 2]));
    }

    #[test]
    fn a_table_of_one_row_is_written_out() {
        let sql = "insert into t (a) with v (id, now) as
                   (select (select b from u where c = ? limit 1), ?) select ?, (select id from v),
                   (select now from v), (select id from v) from v where d = ?";
        let (text, arguments) = one(sql);
        assert_eq!(
            text,
            "insert into t (a) select ?, ((select b from u where c = ? limit 1)),
                   (?), ((select b from u where c = ? limit 1)) from (select 1 as one) v where d = ?"
        );
        assert_eq!(arguments, [2, 0, 1, 0, 3]);
    }

    #[test]
    fn an_order_by_two_columns_is_taken_apart() {
        let (text, arguments) =
            one("select a from t where b = ? and (t.hot, t.id) < (?, ?) limit ?");
        assert_eq!(
            text,
            "select a from t where b = ? and (t.hot <= ? and (t.hot < ? or t.id < ?)) limit ?"
        );
        assert_eq!(arguments, [0, 1, 1, 2, 3]);
    }

    #[test]
    fn an_order_of_joins_is_kept() {
        let sql = "select a from t cross join u on u.id = t.u join v";
        assert_eq!(one(sql).0, "select a from t straight_join u on u.id = t.u join v");
    }

    #[test]
    fn an_index_that_is_named_is_forced() {
        let sql = "select a from t indexed by t_b where b = ?";
        assert_eq!(one(sql).0, "select a from t force index (t_b) where b = ?");
    }

    #[test]
    fn conflicts_are_told_otherwise() {
        assert_eq!(
            parts(
                "insert into t (a) values (?) on conflict (a, b) do nothing; insert into u values (?)"
            ),
            [
                ("insert into t (a) values (?) ", vec![0], Conflict::Stays),
                ("insert into u values (?)", vec![1], Conflict::Fails),
            ]
        );
        assert_eq!(
            parts(
                "insert into t (a, b) values (?, ?) on conflict (a) do update
                 set b = max(b, excluded.b), c = min(c, 1)"
            ),
            [(
                "insert into t (a, b) values (?, ?) on duplicate key update \
                 b = greatest(b, values(b)), c = least(c, 1)",
                vec![0, 1],
                Conflict::Changes
            )]
        );
    }

    #[test]
    fn a_text_in_json_is_one_like_others() {
        let sql = "select 1 from t where json_extract(coalesce(a, ?), '$.b(') = ?";
        let expected = "select 1 from t where cast(json_value(coalesce(a, ?), '$.b(') as char) = ?";
        assert_eq!(one(sql), (expected, vec![0, 1]));
    }

    #[test]
    fn numbered_arguments_may_stand_twice() {
        let (text, arguments) = one("select 1 from t where a = ?2 and b = ?1 and c = ?2");
        assert_eq!(
            (text, arguments),
            ("select 1 from t where a = ? and b = ? and c = ?", vec![1, 0, 1])
        );
    }
}
