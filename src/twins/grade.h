// How far native twins may go (docs/twins.md).
#pragma once

namespace slipway::twins {

/// Off: everything runs in the emulator. Exact: what gives the same bytes runs natively. Fast: also what differs only in the
/// notes of object files.
enum class Grade { Off, Exact, Fast };

}  // namespace slipway::twins
