#include "reference/controllers/framework/controller.h"

#include <gtest/gtest.h>

namespace plumb::controllers {
namespace {

using Kind = OptionSpec::Kind;

TEST(Options, AreOfTheirKind) {
  const std::vector<std::tuple<Kind, std::string, bool>> cases = {
      {Kind::duration, "15s", true},  {Kind::duration, "0", true},   {Kind::duration, "-1s", false}, {Kind::duration, "15", false}, {Kind::number, "7", true},
      {Kind::number, "-7", false},    {Kind::number, "0.5", false},  {Kind::fraction, "0.1", true},  {Kind::fraction, "2", true},   {Kind::fraction, "-0.1", false},
      {Kind::fraction, "1e9", false}, {Kind::fraction, "inf", false}, {Kind::fraction, ".", false},  {Kind::fraction, "", false},   {Kind::flag, "true", true},
      {Kind::flag, "false", true},    {Kind::flag, "yes", false},    {Kind::text, "anything", true},
  };
  for (const auto& [kind, text, fine] : cases) EXPECT_EQ(check_option({"name", kind, "", ""}, text).ok(), fine) << static_cast<int>(kind) << " " << text;
}

TEST(Options, MissingOnesGiveTheDefault) {
  const Options options(std::map<std::string, std::string>{{"tolerance", "0.25"}, {"bad", "much"}, {"on", "true"}});
  EXPECT_EQ(options.fraction("tolerance", 0.1), 0.25);
  EXPECT_EQ(options.fraction("bad", 0.1), 0.1);
  EXPECT_EQ(options.fraction("none", 0.1), 0.1);
  EXPECT_TRUE(options.flag("on", false));
  EXPECT_FALSE(options.flag("none", false));
}

}  // namespace
}  // namespace plumb::controllers
