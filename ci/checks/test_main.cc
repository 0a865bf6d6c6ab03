// main() of every test program: GoogleTest's, and it tells ctest what was skipped. Each skipped test is named with its reason on a line of
// its own at the end, which ci/test gathers. A program whose tests were all skipped exits with 77, so that ctest calls it skipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

namespace {

constexpr int kAllSkipped = 77;

class Skips final : public testing::EmptyTestEventListener {
 public:
  void OnTestPartResult(const testing::TestPartResult& part) override {
    if (part.skipped()) reason_ = part.message();
  }
  void OnTestEnd(const testing::TestInfo& test) override {
    if (test.result()->Skipped()) lines_.push_back(std::string(test.test_suite_name()) + "." + test.name() + ": " + one_line(reason_));
  }
  void OnTestProgramEnd(const testing::UnitTest&) override {
    for (const std::string& line : lines_) std::printf("SKIPPED TEST: %s\n", line.c_str());
  }
  static bool nothing_ran(const testing::UnitTest& unit) {
    return unit.skipped_test_count() > 0 && unit.skipped_test_count() == unit.test_to_run_count();
  }

 private:
  static std::string one_line(std::string text) {
    for (char& c : text) c = c == '\n' ? ' ' : c;
    const auto end = text.find_last_not_of(' ');
    return end == std::string::npos ? "no reason given" : text.substr(text.find_first_not_of(' '), end + 1);
  }
  std::string reason_;
  std::vector<std::string> lines_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  testing::UnitTest& unit = *testing::UnitTest::GetInstance();
  unit.listeners().Append(new Skips);
  const int status = RUN_ALL_TESTS();
  return status == 0 && Skips::nothing_ran(unit) ? kAllSkipped : status;
}
