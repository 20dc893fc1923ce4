//! A way out, to a place of the test's own.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::mpsc as thread_mpsc,
    time::Instant as Moment,
};

use super::*;
use crate::config::Target;

const BOUNDS: Bounds = Bounds { what: "numbers", room: 8, together: 3, gathering: Duration::from_millis(20) };
const DEADLINE: Duration = Duration::from_secs(20);

fn courier(listener: &TcpListener) -> Courier {
    let port = listener.local_addr().unwrap().port();
    let target = Target { secure: false, host: "127.0.0.1".to_owned(), port, path: "/in".to_owned() };
    Courier::new(target, "text/plain", &[("x-key".parse().unwrap(), "k".to_owned().into())]).unwrap()
}

fn pack(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(" ").into_bytes()
}

/// Reads one request to its end.
fn request(stream: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    let mut byte = [0];
    while !text.ends_with("\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        text.push(char::from(byte[0]));
    }
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(text + std::str::from_utf8(&body).ok()?)
}

/// Answers every request with what `answers` says, the last answer again and again; gives the requests.
fn place(listener: TcpListener, answers: &'static [&'static str]) -> thread_mpsc::Receiver<String> {
    let (told, requests) = thread_mpsc::channel();
    thread::spawn(move || {
        let mut answers = answers.iter().peekable();
        while let Ok((mut stream, _)) = listener.accept() {
            while let Some(request) = request(&mut stream) {
                let answer = if answers.len() > 1 { answers.next() } else { answers.peek().copied() };
                stream.write_all(answer.unwrap().as_bytes()).unwrap();
                if told.send(request).is_err() {
                    return;
                }
            }
        }
    });
    requests
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
const BUSY: &str = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n";
const NO: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";

fn body(request: &str) -> &str {
    request.split("\r\n\r\n").nth(1).unwrap()
}

#[test]
fn reports_go_together_over_one_connection_and_what_is_left_goes_at_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let courier = courier(&listener);
    let requests = place(listener, &[OK]);
    let bounds = Bounds { gathering: Duration::from_mins(10), ..BOUNDS };
    let (chute, closing) = start(bounds, courier, pack).unwrap();
    for number in 1..=4 {
        chute.put(number);
    }
    let first = requests.recv_timeout(DEADLINE).unwrap();
    assert!(first.starts_with("POST /in HTTP/1.1\r\n") && first.contains("\r\nx-key: k\r\n"), "{first}");
    assert_eq!(body(&first), "1 2 3");
    drop(closing);
    assert_eq!(body(&requests.recv_timeout(DEADLINE).unwrap()), "4");
}

#[test]
fn what_may_be_taken_later_is_sent_again_and_what_is_refused_is_not() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let courier = courier(&listener);
    let requests = place(listener, &[BUSY, OK, NO, OK]);
    let (chute, closing) = start(Bounds { together: 1, ..BOUNDS }, courier, pack).unwrap();
    for number in 1..=3 {
        chute.put(number);
    }
    let bodies: Vec<_> = (0..4).map(|_| body(&requests.recv_timeout(DEADLINE).unwrap()).to_owned()).collect();
    assert_eq!(bodies, ["1", "1", "2", "3"]);
    drop(closing);
}

#[test]
fn a_place_that_takes_nothing_costs_reports_and_neither_room_nor_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap(); // connects, and says nothing
    let (chute, closing) = start(BOUNDS, courier(&listener), pack).unwrap();
    for number in 0..1_000 {
        chute.put(number);
    }
    let lost = chute.lost.load(Ordering::Relaxed);
    let most = 1_000 - u64::try_from(BOUNDS.room).unwrap();
    assert!((most - 2 * 3..=most).contains(&lost), "{lost} of 1,000 were lost");
    let begun = Moment::now();
    drop(closing);
    assert!(begun.elapsed() < CLOSING + Duration::from_secs(2), "{:?}", begun.elapsed());
}
