//! A mail server that keeps the whole dialogue: what each client said, line by
//! line, and what it handed over.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// How a client is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Takes everything.
    Willing,
    /// Takes no mail for now.
    Busy,
    /// Knows none of the recipients; says so with their address.
    Strict,
    /// Takes the connection and says nothing.
    Mute,
    /// Ends each connection at once.
    Gone,
    /// Takes a mail and is gone before it says so.
    Forgetful,
}

/// What was handed over.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub from: String,
    pub to: Vec<String>,
    /// With the lines' own ends; dots as they were meant.
    pub message: String,
    /// Whether the connection was encrypted by then.
    pub encrypted: bool,
}

#[derive(Default)]
struct Heard {
    deliveries: Vec<Delivery>,
    /// Every line of every client, but the messages'.
    lines: Vec<String>,
    connections: usize,
    open: usize,
    most_open: usize,
}

/// A server on the loopback; gone when it is dropped.
pub struct Smtp {
    pub address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
    mood: Arc<Mutex<Mood>>,
    /// Ends with this.
    _accepting: JoinSet<()>,
}

/// How a connection is encrypted.
#[derive(Clone)]
pub enum Encryption {
    Implicit(TlsAcceptor),
    Starttls(TlsAcceptor),
    None,
}

impl Smtp {
    pub async fn start(mood: Mood) -> Self {
        Self::start_on("127.0.0.1:0".parse().unwrap(), mood, Encryption::None).await
    }

    pub async fn start_on(address: SocketAddr, mood: Mood, encryption: Encryption) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, mood) = (Arc::<Mutex<Heard>>::default(), Arc::new(Mutex::new(mood)));
        let (hears, feels) = (Arc::clone(&heard), Arc::clone(&mood));
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let dialogue = Dialogue { heard: Arc::clone(&hears), mood: Arc::clone(&feels) };
                connections.spawn(dialogue.hold(stream, encryption.clone()));
            }
        });
        Self { address, heard, mood, _accepting: accepting }
    }

    pub fn set_mood(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub fn deliveries(&self) -> Vec<Delivery> {
        self.heard.lock().unwrap().deliveries.clone()
    }

    /// What clients said, without the messages.
    pub fn lines(&self) -> Vec<String> {
        self.heard.lock().unwrap().lines.clone()
    }

    /// How many connections there were, and how many at most at once.
    pub fn connections(&self) -> (usize, usize) {
        let heard = self.heard.lock().unwrap();
        (heard.connections, heard.most_open)
    }
}

struct Dialogue {
    heard: Arc<Mutex<Heard>>,
    mood: Arc<Mutex<Mood>>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Dialogue {
    async fn hold(self, stream: TcpStream, encryption: Encryption) {
        {
            let mut heard = self.heard.lock().unwrap();
            heard.connections += 1;
            heard.open += 1;
            heard.most_open = heard.most_open.max(heard.open);
        }
        // A client that leaves is not worth a word.
        let _ = self.speak(stream, encryption).await;
        self.heard.lock().unwrap().open -= 1;
    }

    async fn speak(&self, stream: TcpStream, encryption: Encryption) -> std::io::Result<()> {
        match encryption {
            Encryption::None => self.greet(Box::new(stream), (false, false)).await.map(drop),
            Encryption::Implicit(acceptor) => {
                let stream = acceptor.accept(stream).await?;
                self.greet(Box::new(stream), (true, false)).await.map(drop)
            }
            Encryption::Starttls(acceptor) => {
                let mut stream = stream;
                if self.greet(Box::new(&mut stream), (false, true)).await? {
                    let stream = acceptor.accept(stream).await?;
                    self.answer(Box::new(stream), (true, false)).await?;
                }
                Ok(())
            }
        }
    }

    async fn greet<'a>(
        &self,
        mut stream: Box<dyn Stream + 'a>,
        how: (bool, bool),
    ) -> std::io::Result<bool> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Gone => return Ok(false),
            Mood::Mute => std::future::pending().await,
            _ => {}
        }
        stream.write_all(b"220 sink ESMTP\r\n").await?;
        self.answer(stream, how).await
    }

    /// Whether the client wants to go on encrypted.
    async fn answer<'a>(
        &self,
        stream: Box<dyn Stream + 'a>,
        (encrypted, offers): (bool, bool),
    ) -> std::io::Result<bool> {
        let mut stream = BufReader::new(stream);
        let (mut from, mut to) = (String::new(), Vec::new());
        while let Some(line) = read_line(&mut stream).await? {
            self.heard.lock().unwrap().lines.push(line.clone());
            let mood = *self.mood.lock().unwrap();
            let verb = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
            let answer = match (verb.as_str(), mood) {
                ("EHLO", _) if offers => "250-sink\r\n250-STARTTLS\r\n250 8BITMIME".to_owned(),
                ("EHLO", _) => "250-sink\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME".to_owned(),
                ("STARTTLS", _) if offers => {
                    stream.write_all(b"220 go\r\n").await?;
                    return Ok(true);
                }
                ("AUTH", _) => "235 welcome".to_owned(),
                ("MAIL", Mood::Busy) => "451 not now".to_owned(),
                ("MAIL", _) => {
                    from = address(&line);
                    to.clear();
                    "250 ok".to_owned()
                }
                ("RCPT", Mood::Strict) => format!("550 nobody is {}", address(&line)),
                ("RCPT", _) => {
                    to.push(address(&line));
                    "250 ok".to_owned()
                }
                ("DATA", _) => {
                    stream.write_all(b"354 go\r\n").await?;
                    let message = read_message(&mut stream).await?;
                    let delivery =
                        Delivery { from: from.clone(), to: to.clone(), message, encrypted };
                    self.heard.lock().unwrap().deliveries.push(delivery);
                    if mood == Mood::Forgetful {
                        return Ok(false);
                    }
                    "250 it is mine now".to_owned()
                }
                ("NOOP" | "RSET", _) => "250 ok".to_owned(),
                ("QUIT", _) => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(false);
                }
                _ => "500 what".to_owned(),
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
        Ok(false)
    }
}

/// A line without its end; a line must end with CR and LF and have neither inside.
async fn read_line(
    stream: &mut BufReader<Box<dyn Stream + '_>>,
) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    if stream.read_until(b'\n', &mut line).await? == 0 {
        return Ok(None);
    }
    let line = String::from_utf8_lossy(&line).into_owned();
    let line = line.strip_suffix("\r\n").unwrap_or_else(|| panic!("a bare end: {line:?}"));
    assert!(!line.contains('\r'), "{line:?}");
    Ok(Some(line.to_owned()))
}

async fn read_message(stream: &mut BufReader<Box<dyn Stream + '_>>) -> std::io::Result<String> {
    let mut message = String::new();
    loop {
        let line = read_line(stream).await?.ok_or(std::io::ErrorKind::UnexpectedEof)?;
        if line == "." {
            return Ok(message);
        }
        // RFC 5321, 4.5.3.1.6, without the end.
        assert!(line.len() <= 998, "a line of {} bytes", line.len());
        message += line.strip_prefix('.').unwrap_or(&line);
        message += "\r\n";
    }
}

fn address(line: &str) -> String {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).unwrap().0.to_owned()
}
