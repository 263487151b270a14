# Which machines a configuration asks for. The Vagrantfile uses it; "ruby machines.rb" prints the list as JSON.
require "json"

module Machines
  # How one machine is told what it is; provision.sh reads these from its environment.
  Machine = Struct.new(:name, :roles, :address, :settings)

  # The configuration: config.json, and from the environment what is set there, BOX_MASTERS for "masters" and so on.
  def self.config(path = File.join(__dir__, "config.json"), env = ENV)
    config = JSON.parse(File.read(path))
    config.each_key do |key|
      text = env["BOX_#{key.upcase}"]
      next if text.nil?
      config[key] =
        case config[key]
        when Integer then Integer(text, exception: false) || raise("BOX_#{key.upcase}=#{text} is not a number")
        when Array then text.split(",")
        when true, false
          raise "BOX_#{key.upcase}=#{text} is neither true nor false" unless %w[true false].include?(text)
          text == "true"
        else text
        end
    end
    check(config)
    config
  end

  def self.check(config)
    raise "masters is #{config["masters"]}; a cluster has at least one" if config["masters"] < 1
    raise "agents is #{config["agents"]}; give 0 or more" if config["agents"] < 0
    raise "masters is #{config["masters"]}; an even number survives no more losses than one less" if config["masters"].even?
    raise "driver is #{config["driver"]}; give kvm, qemu or nothing" unless ["", "kvm", "qemu"].include?(config["driver"])
  end

  # Whether libvirt is to emulate the machines' CPUs. That /dev/kvm is there does not mean that it works; "driver" decides.
  def self.emulated?(config)
    config["driver"] == "qemu" || (config["driver"].empty? && !File.writable?("/dev/kvm"))
  end

  # Together, the first machines are masters and agents both; else each machine has one role.
  def self.list(config)
    masters, agents = config["masters"], config["agents"]
    roles =
      if config["together"]
        Array.new([masters, agents].max) { |i| [("master" if i < masters), ("agent" if i < agents)].compact }
      else
        [["master"]] * masters + [["agent"]] * agents
      end
    addresses = config["addresses"].empty? ? roles.each_index.map { |i| address(config["address"], i) } : config["addresses"]
    raise "addresses has #{addresses.size} for #{roles.size} machines" if addresses.size < roles.size
    roles.each_with_index.map do |of, i|
      Machine.new(name(config, of, i, roles.size), of, addresses[i], settings(config, of, addresses, i))
    end
  end

  def self.name(config, roles, index, count)
    return "reeve" if count == 1
    return "reeve-#{index + 1}" if config["together"]
    roles == ["master"] ? "master-#{index + 1}" : "agent-#{index - config["masters"] + 1}"
  end

  def self.address(first, index)
    *net, last = first.split(".").map { |part| Integer(part) }
    raise "address #{first} leaves no room for #{index + 1} machines" if last + index > 254
    (net + [last + index]).join(".")
  end

  # Masters stand first, so their addresses are the first ones.
  def self.settings(config, roles, addresses, index)
    masters = addresses.first(config["masters"])
    {
      "REEVE_BOX_ROLES" => roles.join(" "),
      "REEVE_BOX_ADDRESS" => addresses[index],
      "REEVE_BOX_MASTERS" => masters.join(" "),
      "REEVE_BOX_CLUSTER" => config["cluster"],
    }
  end
end

if $PROGRAM_NAME == __FILE__
  puts JSON.pretty_generate(Machines.list(Machines.config).map(&:to_h))
end
