//! A letter as bytes (RFC 5322 and MIME).

use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use super::{Letter, Undelivered};
use crate::base::text::{clean_line, clean_lines};

/// Most characters of a subject: it stays one line of those that mail may have.
const SUBJECT_MAX: usize = 200;
/// Nobody answers it, and machines that answer everything do not (RFC 3834).
const AUTOMATIC: &str = "auto-generated";
/// A single `POST` with this is enough (RFC 8058).
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

/// A header, whatever stands in its value.
fn header(name: &'static str, value: impl Into<String>) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.into())
}

/// A letter with its headers, to its one recipient.
pub(super) fn compose(
    letter: &Letter,
    from: &Mailbox,
    domain: &str,
) -> Result<Message, Undelivered> {
    let refused = |what: &str| Undelivered::Refused(what.to_owned());
    let to: Address = letter.to.parse().map_err(|_| refused("its address is none"))?;
    let subject: String = clean_line(&letter.subject).chars().take(SUBJECT_MAX).collect();
    let mut builder = Message::builder()
        .from(from.clone())
        // Without a name: what people call themselves is in no header.
        .to(Mailbox::new(None, to))
        .subject(subject)
        .date(letter.at.into())
        .message_id(Some(format!("<{}@{domain}>", letter.id)))
        .raw_header(header("Auto-Submitted", AUTOMATIC));
    if let Some(url) = &letter.unsubscribe {
        builder = builder
            .raw_header(header("List-Unsubscribe", format!("<{url}>")))
            .raw_header(header("List-Unsubscribe-Post", ONE_CLICK));
    }
    // A line that ends in a way of its own could end the mail.
    let (text, html) = (clean_lines(&letter.text) + "\n", clean_lines(&letter.html) + "\n");
    builder
        .multipart(MultiPart::alternative_plain_html(text, html))
        .map_err(|_| refused("it cannot be put together"))
}
