// What pods of a transcript use, and what answers for it at metrics.k8s.io: a metrics server in the form of a few commands.
//
//   > load default/web cpu=2000m        the running pods whose keys begin so share this; default/web:side is the container "side" of each
//   > usage default/web cpu=300m        each of them uses this
//   > sampling 15s                      how often usage is sampled (15s); "off": metrics.k8s.io is not there
//   > pods start after 5s               pods run by themselves from then on, this long after they were made; without it `kubelet` starts them
//   > serve PATH JSON                   another API answers this at exactly that path
//   > refuse PATH CODE MESSAGE          or this error
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "reference/api/types/corev1.h"
#include "reference/informer/fake_client.h"

namespace plumb::controllers {

class TranscriptLoad {
 public:
  TranscriptLoad(informer::FakeClient& client, Clock& clock) : client_(client), clock_(clock) {}

  // nullopt: it is another's command. Else what went wrong, or "".
  std::optional<std::string> command(const std::string& name, const std::string& line);
  // Samples what is due.
  void act();
  // How old a pod has to be to run by itself.
  std::optional<Duration> starts_after() const { return starts_after_; }
  // How far time may be moved at once.
  Duration step() const;

 private:
  struct Rule {
    std::string prefix, container;
    bool shared = false;
    std::map<std::string, std::string> amounts;  // by resource
  };
  std::string set_rule(const std::string& line, bool shared);
  std::string container_json(const corev1::Pod& pod, const corev1::Container& container, bool first) const;
  bool applies(const Rule& rule, const corev1::Pod& pod, const corev1::Container& container, bool first) const;
  std::size_t sharers(const Rule& rule) const;
  void sample();

  informer::FakeClient& client_;
  Clock& clock_;
  std::vector<Rule> rules_;
  std::optional<Duration> starts_after_;
  Duration sampling_ = std::chrono::seconds(15);
  bool served_ = true;
  std::optional<std::int64_t> last_sample_;
  std::vector<std::string> namespaces_;
};

}  // namespace plumb::controllers
