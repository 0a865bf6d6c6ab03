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

std::string text() {
  refresh_process_metrics();
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, registry().Collect());
  return out.str();
}

}  // namespace plumb::metrics
