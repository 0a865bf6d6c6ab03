#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/base/random.h"
#include "harness/runner/attempt.h"
#include "harness/runner/coverage_report.h"

namespace plumb::harness {
namespace {

using results::TestResult;
using results::TestVerdict;

// A blank answer is mostly noticed by waiting in vain; longer than this nobody waits for it.
constexpr Duration kLeastLimit = std::chrono::seconds(20);

struct Question {
  std::string operation;
  std::vector<TestResult> callers;  // the quickest first
};

class Measure {
 public:
  Measure(client::Client& client, const results::Run& run, const std::vector<NamedTest>& tests, const MeasureOptions& options)
      : client_(client), run_(run), options_(options) {
    for (const NamedTest& test : tests)
      if (test.info.serial) serial_.insert(test.name);
  }

  std::set<std::string> measure() {
    std::vector<Question> together = questions(false);
    std::vector<Question> alone = questions(true);
    all_ = together.size() + alone.size();
    ask(together, options_.parallel);
    std::erase_if(alone, [&](const Question& question) { return noticed_.contains(question.operation) && ++done_; });
    ask(alone, 1);
    return noticed_;
  }

 private:
  std::vector<Question> questions(bool serial) const {
    std::map<std::string, std::vector<TestResult>> callers;
    for (const TestResult& test : run_.tests) {
      if (test.verdict != TestVerdict::passed || serial_.contains(test.name) != serial) continue;
      for (const std::string& operation : test.calls) callers[operation].push_back(test);
    }
    std::vector<Question> out;
    for (auto& [operation, tests] : callers) {
      std::sort(tests.begin(), tests.end(), [](const auto& a, const auto& b) { return a.duration < b.duration; });
      out.push_back({operation, std::move(tests)});
    }
    return out;
  }

  void ask(const std::vector<Question>& questions, int parallel) {
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> slots;
    for (int i = 0; i < parallel && i < static_cast<int>(questions.size()); ++i) {
      slots.emplace_back([&] {
        for (std::size_t at = next++; at < questions.size() && !options_.stop(); at = next++) {
          const bool noticed = std::any_of(questions[at].callers.begin(), questions[at].callers.end(),
                                           [&](const TestResult& test) { return notices(test, questions[at].operation); });
          std::lock_guard lock(mutex_);
          if (noticed) noticed_.insert(questions[at].operation);
          options_.on_progress(++done_, all_);
        }
      });
    }
  }

  bool notices(TestResult test, const std::string& operation) const {
    Attempt attempt{.worker = options_.worker, .run_id = run_.id, .limit = std::max(kLeastLimit, test.duration * 3)};
    attempt.worker.insert(attempt.worker.end(), {"--blank", operation});
    attempt.output = options_.output_dir + "/" + operation + "-" + random_suffix(4) + ".txt";
    run_once(client_, attempt, test, options_.stop);
    std::error_code ignored;
    std::filesystem::remove(attempt.output, ignored);
    return test.verdict == TestVerdict::failed;
  }

  client::Client& client_;
  const results::Run& run_;
  const MeasureOptions& options_;
  std::set<std::string> serial_;
  std::mutex mutex_;  // guards what follows while slots run
  std::set<std::string> noticed_;
  std::size_t done_ = 0, all_ = 0;
};

}  // namespace

std::set<std::string> asserted_endpoints(client::Client& client, const results::Run& run, const std::vector<NamedTest>& tests,
                                         const MeasureOptions& options) {
  return Measure(client, run, tests, options).measure();
}

}  // namespace plumb::harness
