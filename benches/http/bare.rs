//! The bare statements of requests: recorded while they are answered, and asked again.

use std::collections::HashMap;

use gatherly::db::{Asked, Db, Statement, Tx, Value, recorded};
use uuid::Uuid;

use super::{
    forum::{Content, Operation, Server, askers},
    load::Load,
};

/// What requests of one kind ask of the database.
pub(super) struct Bare {
    db: Db,
    /// In turns.
    requests: Vec<Vec<Asked>>,
    /// Ids of what a request makes, by statement and argument: new ones each time.
    made: Vec<(usize, usize)>,
}

impl Bare {
    /// Records one request for each turn that there is.
    pub(super) async fn record(
        server: &Server,
        operation: Operation,
        (content, token): (&Content, &str),
    ) -> Self {
        let record =
            async |turn| recorded(server.ask_once(operation, content, token, turn)).await.1;
        if operation == Operation::Vote {
            // From here on a vote changes one, as all others do: a first one is another
            // statement.
            for turn in 0..operation.turns(content) {
                server.ask_once(operation, content, token, turn).await;
            }
        }
        let mut requests = Vec::new();
        for turn in 0..operation.turns(content) {
            requests.push(record(turn).await);
        }
        let made = match requests.first() {
            Some(one) if operation == Operation::Comment => differing(one, &record(0).await),
            _ => Vec::new(),
        };
        Self { db: server.app.db.clone(), requests, made }
    }

    /// Asks it all again for a while.
    pub(super) async fn ask(&self) -> Load {
        askers(0, async |turn| self.ask_once(&self.requests[turn % self.requests.len()]).await)
            .await
    }

    async fn ask_once(&self, request: &[Asked]) {
        let (db, mut tx, mut anew) = (&self.db, None, HashMap::new());
        for (at, asked) in request.iter().enumerate() {
            match asked {
                Asked::Begin => tx = Some(db.begin().await.expect("a turn")),
                Asked::Commit => {
                    tx.take().expect("it has begun").commit().await.expect("it is stored");
                }
                Asked::All(statement) => {
                    let statement = self.with_ids(at, statement, &mut anew);
                    match &mut tx {
                        Some(tx) => tx.all(statement).await,
                        None => db.all(statement).await,
                    }
                    .expect("rows");
                }
                Asked::Optional(statement) => {
                    let statement = self.with_ids(at, statement, &mut anew);
                    match &mut tx {
                        Some(tx) => tx.optional(statement).await,
                        None => db.optional(statement).await,
                    }
                    .expect("a row");
                }
                Asked::Execute(statement) => {
                    let tx: &mut Tx = tx.as_mut().expect("it has begun");
                    tx.execute(self.with_ids(at, statement, &mut anew)).await.expect("a change");
                }
            }
        }
    }

    fn with_ids(
        &self,
        at: usize,
        statement: &Statement,
        anew: &mut HashMap<Vec<u8>, Uuid>,
    ) -> Statement {
        let mut statement = statement.clone();
        let arguments = statement.arguments_mut();
        for (_, argument) in self.made.iter().filter(|(place, _)| *place == at) {
            let argument = &mut arguments[*argument];
            let id = *anew.entry(bytes(argument).expect("an id")).or_insert_with(Uuid::now_v7);
            *argument = match argument {
                Value::Bytes(_) => Value::Bytes(id.as_bytes().to_vec()),
                _ => Value::Id(id),
            };
        }
        statement
    }
}

/// The ids in which two requests for the same differ.
fn differing(one: &[Asked], other: &[Asked]) -> Vec<(usize, usize)> {
    assert_eq!(one.len(), other.len(), "the same asks the same");
    let mut places = Vec::new();
    for (at, (one, other)) in one.iter().zip(other).enumerate() {
        let arguments = arguments(one).into_iter().zip(arguments(other));
        let ids =
            arguments.enumerate().filter(|(_, (one, other))| one != other && bytes(one).is_some());
        places.extend(ids.map(|(argument, _)| (at, argument)));
    }
    places
}

fn arguments(asked: &Asked) -> Vec<Value> {
    match asked {
        Asked::All(statement) | Asked::Optional(statement) | Asked::Execute(statement) => {
            statement.clone().arguments_mut().to_vec()
        }
        Asked::Begin | Asked::Commit => Vec::new(),
    }
}

/// An id, also where it is the path to a comment at the top.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Id(id) => Some(id.as_bytes().to_vec()),
        Value::Bytes(bytes) if bytes.len() == size_of::<Uuid>() => Some(bytes.clone()),
        _ => None,
    }
}
