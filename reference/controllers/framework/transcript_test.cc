// Every transcript under reference/controllers/*/testdata. With PLUMB_REWRITE_TRANSCRIPTS=1 the files are rewritten instead of compared.
#include "reference/controllers/framework/transcript.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace plumb::controllers {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::vector<std::string> transcripts() {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator("reference/controllers"))
    if (entry.path().extension() == ".txt" && entry.path().parent_path().filename() == "testdata") found.push_back(entry.path().string());
  std::sort(found.begin(), found.end());
  return found;
}

class Transcripts : public testing::TestWithParam<std::string> {};

TEST_P(Transcripts, ShowWhatHappens) {
  const std::string expected = read(GetParam()), actual = run_transcript(expected);
  if (std::getenv("PLUMB_REWRITE_TRANSCRIPTS")) {
    std::ofstream(GetParam()) << actual;
    return;
  }
  EXPECT_EQ(actual, expected) << GetParam() << ": set PLUMB_REWRITE_TRANSCRIPTS=1 to take this over, and review the difference";
}

INSTANTIATE_TEST_SUITE_P(Files, Transcripts, testing::ValuesIn(transcripts()), [](const auto& info) {
  const fs::path path(info.param);
  std::string name = path.parent_path().parent_path().filename().string() + "_" + path.stem().string();
  std::replace_if(name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

}  // namespace
}  // namespace plumb::controllers
