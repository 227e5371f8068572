//! Mails as people get them: taken apart from the bytes that left the server.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{Person, TestApp, wait_for};

/// A mail that left.
#[derive(Clone, Debug)]
pub struct Mail {
    /// In their order; folded lines in one.
    pub headers: Vec<(String, String)>,
    pub text: String,
    pub html: String,
}

impl Mail {
    /// Takes a message apart: a head, and one part of text and one of HTML.
    pub fn parse(message: &str) -> Self {
        let (head, body) = message.split_once("\r\n\r\n").expect("a head");
        let headers = headers(head);
        let content_type = find(&headers, "Content-Type");
        let boundary = content_type.split("boundary=\"").nth(1).unwrap().trim_end_matches('"');
        let delimiter = format!("--{boundary}");
        let parts: Vec<&str> = body.split(&delimiter).collect();
        assert_eq!(parts.len(), 4, "two parts: {message}");
        assert!(parts[3].starts_with("--"), "an end: {message}");
        Self { text: part(parts[1], "text/plain"), html: part(parts[2], "text/html"), headers }
    }

    /// The one header of a name.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        find(&self.headers, name)
    }

    /// The code that the mail gives; its link ends with it.
    pub fn code(&self) -> String {
        let link = self.text.lines().find(|line| line.contains('#')).expect("a link");
        let code = link.split_once('#').unwrap().1.to_owned();
        assert!(self.text.lines().any(|line| line == code), "{}", self.text);
        code
    }
}

/// The headers of a head.
pub fn headers(head: &str) -> Vec<(String, String)> {
    let unfolded = head.trim_start().replace("\r\n ", " ").replace("\r\n\t", " ");
    let header = |line: &str| {
        let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no header: {line:?}"));
        (name.to_owned(), value.trim().to_owned())
    };
    unfolded.split("\r\n").map(header).collect()
}

#[track_caller]
fn find<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    let mut found = headers.iter().filter(|(found, _)| found == name);
    let (_, value) = found.next().unwrap_or_else(|| panic!("no {name} in {headers:?}"));
    assert!(found.next().is_none(), "two {name} in {headers:?}");
    value
}

/// The words of a part of this type.
fn part(part: &str, kind: &str) -> String {
    let (head, body) = part.split_once("\r\n\r\n").expect("a head");
    let headers = headers(head);
    assert!(find(&headers, "Content-Type").starts_with(kind), "{headers:?}");
    let body = body.strip_suffix("\r\n").unwrap_or(body);
    let bytes = match find(&headers, "Content-Transfer-Encoding") {
        "7bit" => body.as_bytes().to_vec(),
        "base64" => STANDARD.decode(body.replace("\r\n", "")).unwrap(),
        "quoted-printable" => unquoted(body),
        other => panic!("{other}"),
    };
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

fn unquoted(text: &str) -> Vec<u8> {
    let text = text.replace("=\r\n", "");
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        if *first == b'=' {
            bytes.extend(hex::decode(&after[..2]).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

impl TestApp {
    /// All mails to an address that are files, in the order of time.
    pub fn mails(&self, to: &str) -> Vec<Mail> {
        let mut files: Vec<_> = std::fs::read_dir(self.app.config.mail_folder())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "eml"))
            .collect();
        files.sort();
        let mails = files.iter().map(|file| Mail::parse(&std::fs::read_to_string(file).unwrap()));
        mails.filter(|mail| mail.header("To") == to).collect()
    }

    /// The last mail to an address whose subject begins so, once there is one.
    pub async fn mail(&self, to: &str, subject: &str) -> Mail {
        let find = || {
            let mut mails = self.mails(to).into_iter().rev();
            mails.find(|mail| mail.header("Subject").starts_with(subject))
        };
        wait_for(&format!("{subject} to {to}"), async || find().is_some()).await;
        find().unwrap()
    }

    /// Somebody whose address is confirmed.
    pub async fn verified(&self, name: &str) -> Person {
        let person = self.member(name).await;
        self.verify(&format!("{name}@example.org")).await;
        person
    }

    /// Confirms an address with what the mail says.
    pub async fn verify(&self, address: &str) {
        let code = self.mail(address, "Confirm").await.code();
        let path = format!("/email-verifications/{code}");
        self.client.post(&path, json!({})).await.expect(204);
    }

    /// The code from a mail that sets another password of an address.
    pub async fn reset_code(&self, address: &str) -> String {
        self.client.post("/password-resets", json!({"email": address})).await.expect(202);
        self.settled().await;
        self.mail(address, "Set another password").await.code()
    }
}
