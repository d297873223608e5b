#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = floors::inspect::inspect(&bytes::Bytes::copy_from_slice(data), None);
});
