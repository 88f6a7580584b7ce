//! Requests and events as bytes, for the browser's worker: MessagePack, which keeps every float as it is.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// A message as bytes.
///
/// # Errors
/// A value has no form in MessagePack; that is a defect.
pub fn pack<T: Serialize>(message: &T) -> Result<Vec<u8>> {
    rmp_serde::to_vec_named(message).map_err(|e| Error::output("a message", e))
}

/// The message in `bytes`.
///
/// # Errors
/// They were not written by [`pack`] of the same version.
pub fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    rmp_serde::from_slice(bytes)
        .map_err(|e| Error::Request(format!("a message came from another version of gainakt ({e}); reload the page")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::data::Answers;
    use crate::platform::device::DeviceChoice;
    use crate::service::{Event, Export, Request, TrainRequest};

    #[test]
    fn messages_cross_the_border_as_they_are() {
        let order = TrainRequest {
            config: Config::default(),
            device: DeviceChoice::Auto,
            out: "runs".into(),
            title: "page".to_owned(),
            resume: Some("runs/x".into()),
        };
        let answers = Answers::of_skills(vec![3, 1], vec![1, 0]);
        for ask in [
            Request::Train(Box::new(order)),
            Request::WhatIf { ticket: u64::MAX, answers },
            Request::Save("a/b".into(), Export::Text("ü".to_owned())),
            Request::ClassQuartiles,
        ] {
            assert_eq!(unpack::<Request>(&pack(&ask).unwrap()).unwrap(), ask);
        }
        let event = Event::Download { name: "a".to_owned(), bytes: vec![0, 255, 7] };
        let bytes = pack(&event).unwrap();
        assert!(bytes.windows(3).any(|w| w == [0, 255, 7]), "bytes travel as bytes");
        assert_eq!(unpack::<Event>(&bytes).unwrap(), event);
        let nan: f32 = unpack(&pack(&f32::NAN).unwrap()).unwrap();
        assert!(nan.is_nan());
        assert!(unpack::<Event>(&bytes[..4]).unwrap_err().to_string().contains("reload"));
    }
}
