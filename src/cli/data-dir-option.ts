import { Option } from 'commander';

/** Of commands that speak to a fleet that runs: they find it through its data directory. */
export function dataDirOption(): Option {
  return new Option('--data-dir <directory>', 'the data directory of the fleet')
    .env('FLOTILLA_DATA_DIR')
    .default('.flotilla');
}
