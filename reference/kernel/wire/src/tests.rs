use super::*;

const REGIONS: [Region; 2] = [
    Region { source: Source::Hugetlb, order: 9, count: 3 },
    Region { source: Source::Anon, order: 0, count: u16::MAX },
];

fn batch() -> Vec<u8> {
    let mut out = Vec::new();
    let start = begin(&mut out, Kind::Run);
    out.extend_from_slice(&2u32.to_le_bytes());
    put_job(&mut out, &REGIONS, b"first");
    put_job(&mut out, &[], b"");
    end(&mut out, start);
    out
}

#[test]
fn a_batch_is_read_as_it_was_written() {
    let bytes = batch();
    let (frame, length) = Frame::first_in(&bytes).unwrap().unwrap();
    assert_eq!((frame.kind, length), (Kind::Run, bytes.len()));
    let jobs: Vec<Job<'_>> = Jobs::new(frame.body).unwrap().map(Result::unwrap).collect();
    assert_eq!(jobs.len(), 2);
    let regions: Vec<Region> = jobs[0].regions.iter().map(Result::unwrap).collect();
    assert_eq!(regions, REGIONS);
    assert_eq!(jobs[0].regions.count(), 2);
    assert_eq!(jobs[0].bytes, b"first");
    assert_eq!((jobs[1].regions.count(), jobs[1].bytes), (0, &b""[..]));
}

#[test]
fn frames_follow_each_other() {
    let mut out = Vec::new();
    put_answer(&mut out, 7, b"yes");
    put(&mut out, Kind::Done, b"");
    let (answer, length) = Frame::first_in(&out).unwrap().unwrap();
    assert_eq!(answer.answer(), Ok((7, &b"yes"[..])));
    let (done, rest) = Frame::first_in(&out[length..]).unwrap().unwrap();
    assert_eq!((done.kind, done.body), (Kind::Done, &b""[..]));
    assert_eq!(length + rest, out.len());

    let mut stream = &out[..];
    let mut body = Vec::new();
    assert_eq!(read(&mut stream, &mut body).unwrap(), Some(Kind::Answer));
    assert_eq!(body, [7, 0, 0, 0, b'y', b'e', b's']);
    assert_eq!(read(&mut stream, &mut body).unwrap(), Some(Kind::Done));
    assert_eq!(read(&mut stream, &mut body).unwrap(), None);
}

#[test]
fn bytes_that_are_missing_are_waited_for() {
    let bytes = batch();
    for length in 0..bytes.len() {
        assert_eq!(Frame::first_in(&bytes[..length]), Ok(None));
    }
}

#[test]
fn a_frame_must_be_of_a_known_kind_and_not_too_long() {
    assert_eq!(Frame::first_in(&[0, 0, 0, 0, 99]), Err(Malformed("a frame of an unknown kind")));
    let bytes = [0xff, 0xff, 0xff, 0xff, Kind::Done as u8];
    assert_eq!(Frame::first_in(&bytes), Err(Malformed("a frame that is too long")));
}

#[test]
fn a_batch_cut_short_is_an_error_and_the_end() {
    let bytes = batch();
    let body = &bytes[HEADER..];
    for length in 4..body.len() {
        let mut jobs = Jobs::new(&body[..length]).unwrap();
        assert!(jobs.any(|job| job.is_err()), "{length} bytes");
        assert!(jobs.next().is_none());
    }
    assert!(Jobs::new(&body[..3]).is_err());
}

#[test]
fn a_region_has_a_known_source() {
    let mut bytes = batch();
    bytes[HEADER + 4 + 2] = 9;
    let (frame, _) = Frame::first_in(&bytes).unwrap().unwrap();
    let job = Jobs::new(frame.body).unwrap().next().unwrap().unwrap();
    let first = job.regions.iter().next().unwrap();
    assert_eq!(first, Err(Malformed("a region of an unknown source")));
}
