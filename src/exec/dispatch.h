// The other end of the dispatcher's question (dispatcher/): what a process that executes a foreign program becomes. The
// answer is a descriptor, so it works below any root, and the decision is ordinary code of this process.
#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <vector>

#include "exec/substitutes.h"

namespace slipway::exec {

class Dispatch {
 public:
  /// `root` is the step's root directory; both outlive this.
  Dispatch(Substitutes* substitutes, int root) : substitutes_(substitutes), root_(root) {}

  /// Answers the notification of a call of kDispatchCall, whoever made it.
  void answer(int listener, const seccomp_notif& request) const;
  const Substitutes* substitutes() const { return substitutes_; }

 private:
  Substitutes* const substitutes_;
  const int root_;
};

}  // namespace slipway::exec
