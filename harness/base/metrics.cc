#include "harness/base/metrics.h"

#include <dirent.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <ctime>
#include <mutex>
#include <sstream>

namespace plumb::metrics {
namespace {

prometheus::Registry& registry() {
  // Merge: a second look-up of a name returns the family made by the first.
  static prometheus::Registry& instance = *new prometheus::Registry(prometheus::Registry::InsertBehavior::Merge);
  return instance;
}

double open_files() {
  double count = 0;
  if (DIR* directory = opendir("/proc/self/fd")) {
    while (readdir(directory)) ++count;
    closedir(directory);
    count -= 3;  // ".", ".." and the directory itself
  }
  return count;
}

// Seconds since 1970; the kernel counts clock ticks since it started.
double start_time() {
  static const double started = [] {
    char text[1024] = "";
    if (std::FILE* file = std::fopen("/proc/self/stat", "r")) {
      text[std::fread(text, 1, sizeof text - 1, file)] = 0;
      std::fclose(file);
    }
    // The name of the program, in parentheses, may hold anything: fields are counted from its end.
    const char* rest = std::strrchr(text, ')');
    unsigned long long ticks = 0;
    if (!rest || std::sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &ticks) != 1) return 0.0;
    timespec up{}, now{};
    clock_gettime(CLOCK_BOOTTIME, &up);
    clock_gettime(CLOCK_REALTIME, &now);
    const auto value = [](const timespec& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9; };
    return value(now) - value(up) + static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }();
  return started;
}

struct Refreshes {
  std::mutex mutex;
  std::map<std::uint64_t, std::function<void()>> functions;  // under mutex, by a number of their own
  std::uint64_t last = 0;                                    // under mutex
};
Refreshes& refreshes() {
  static Refreshes& instance = *new Refreshes;
  return instance;
}

class Registration final : public Refresh {
 public:
  explicit Registration(std::function<void()> refresh) {
    std::lock_guard lock(refreshes().mutex);
    number_ = ++refreshes().last;
    refreshes().functions[number_] = std::move(refresh);
  }
  ~Registration() override {
    std::lock_guard lock(refreshes().mutex);
    refreshes().functions.erase(number_);
  }

 private:
  std::uint64_t number_ = 0;
};

void refresh_process_metrics() {
  long pages_total = 0, pages_resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &pages_total, &pages_resident) != 2) pages_total = pages_resident = 0;
    std::fclose(file);
  }
  const double page = static_cast<double>(sysconf(_SC_PAGESIZE));
  gauge("process_resident_memory_bytes", "Resident memory size in bytes.").set(static_cast<double>(pages_resident) * page);
  gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.").set(static_cast<double>(pages_total) * page);
  gauge("process_open_fds", "Number of open file descriptors.").set(open_files());
  gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.").set(start_time());
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) gauge("process_max_fds", "Maximum number of open file descriptors.").set(static_cast<double>(files.rlim_cur));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  auto cpu = counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.");
  cpu.add(seconds(usage.ru_utime) + seconds(usage.ru_stime) - cpu.value());
}

}  // namespace

void Counter::add(double amount) { inner_->Increment(amount); }
double Counter::value() const { return inner_->Value(); }
void Gauge::set(double value) { inner_->Set(value); }
void Gauge::add(double amount) { inner_->Increment(amount); }
double Gauge::value() const { return inner_->Value(); }
void Histogram::observe(double value) { inner_->Observe(value); }

Counter counter(const std::string& name, const std::string& help, const Labels& labels) {
  return Counter(prometheus::BuildCounter().Name(name).Help(help).Register(registry()).Add(labels));
}
Gauge gauge(const std::string& name, const std::string& help, const Labels& labels) {
  return Gauge(prometheus::BuildGauge().Name(name).Help(help).Register(registry()).Add(labels));
}
Histogram histogram(const std::string& name, const std::string& help, const std::vector<double>& upper_bounds, const Labels& labels) {
  return Histogram(prometheus::BuildHistogram().Name(name).Help(help).Register(registry()).Add(labels, upper_bounds));
}

std::unique_ptr<Refresh> refresh_before_reading(std::function<void()> refresh) { return std::make_unique<Registration>(std::move(refresh)); }

std::string text() {
  refresh_process_metrics();
  {
    std::lock_guard lock(refreshes().mutex);
    for (const auto& [number, refresh] : refreshes().functions) refresh();
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, registry().Collect());
  return out.str();
}

}  // namespace plumb::metrics
