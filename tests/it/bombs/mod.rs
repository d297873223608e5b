//! Documents that are made to cost more than they weigh. Each is answered, read or refused, by a process that may have so
//! much memory and so much of a processor and no more: work that grows faster than the document ends it, whatever the
//! clock of the machine says.

mod made;
mod read;
mod wire;
