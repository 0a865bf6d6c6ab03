// Prometheus metrics under one registry per program. Only prometheus-cpp's sources are hidden here; names and labels are
// the callers'. Counter, Gauge and Histogram handles live as long as the program and are safe from any thread: look one up
// once (a lookup takes a lock) and keep the reference.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace plumb::metrics {

using Labels = std::map<std::string, std::string>;

class Counter {
 public:
  explicit Counter(prometheus::Counter& inner) : inner_(&inner) {}
  void add(double amount = 1);
  double value() const;

 private:
  prometheus::Counter* inner_;
};

class Gauge {
 public:
  explicit Gauge(prometheus::Gauge& inner) : inner_(&inner) {}
  void set(double value);
  void add(double amount);
  double value() const;

 private:
  prometheus::Gauge* inner_;
};

class Histogram {
 public:
  explicit Histogram(prometheus::Histogram& inner) : inner_(&inner) {}
  void observe(double value);

 private:
  prometheus::Histogram* inner_;
};

// The metric of that name and those labels, made at the first call. A name keeps its help text and its kind.
Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
Histogram histogram(const std::string& name, const std::string& help, const std::vector<double>& upper_bounds, const Labels& labels = {});

// A function that text() calls first, for values that are asked for and not counted. It must be short, from any thread, and not call
// text(). Destroying the Refresh ends it, and waits for a call under way.
class Refresh {
 public:
  virtual ~Refresh() = default;
};
std::unique_ptr<Refresh> refresh_before_reading(std::function<void()> refresh);

// Everything in the Prometheus text format, with the process_* metrics of this program.
std::string text();

}  // namespace plumb::metrics
