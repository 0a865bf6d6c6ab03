// Where a cluster keeps what: one folder holds everything but the nodes' traces on the host (see node/names.h).
#pragma once

#include <string>

namespace plumb::cluster {

struct Layout {
  std::string dir;  // absolute

  std::string config() const { return dir + "/cluster.json"; }
  std::string pki(const std::string& file) const { return dir + "/pki/" + file; }
  std::string store() const { return dir + "/store"; }
  std::string etcd() const { return dir + "/etcd"; }
  std::string log(const std::string& name) const { return dir + "/logs/" + name + ".log"; }
  std::string pid_file(const std::string& name) const { return dir + "/" + name + ".pid"; }
  std::string kubeconfig() const { return dir + "/kubeconfig"; }                       // the administrator's
  std::string kubeconfig(const std::string& who) const { return dir + "/pki/" + who + ".kubeconfig"; }
};

}  // namespace plumb::cluster
