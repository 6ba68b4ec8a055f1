#include "plan/key.h"

#include <gtest/gtest.h>

namespace slipway::plan {
namespace {

TEST(Key, EqualPartsGiveEqualKeys) {
  EXPECT_EQ(Key("run").add("a", "b").hex(), Key("run").add("a", "b").hex());
  EXPECT_NE(Key("run").add("a", "b").hex(), Key("copy").add("a", "b").hex());
}

TEST(Key, PartsCannotFlowIntoEachOther) {
  EXPECT_NE(Key("run").add("a", "bc").hex(), Key("run").add("ab", "c").hex());
  EXPECT_NE(Key("run").add("a", "b").add("c", "d").hex(), Key("run").add("a", "b\n1:c=1:d").hex());
}

}  // namespace
}  // namespace slipway::plan
